"""OTLP client on the OpenTelemetry SDK for Python, as test/clients/main.ts drives it.

Spans, log records and metrics, good and bad, over OTLP/HTTP protobuf; one JSON line of what came
of them. The SDK does not read the body of a 200, so partial success is invisible in it: it is read
here by a response hook of the requests.Session that the exporters take as an option. What the SDK
logs is collected as well, to show that it says nothing.
"""

import json
import logging
import os

import requests
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import StatusCode

SPANS_VALID = int(os.environ["CLIENT_SPANS_VALID"])
SPANS_INVALID = int(os.environ["CLIENT_SPANS_INVALID"])
ATTRIBUTES = int(os.environ["CLIENT_ATTRIBUTES"])

ANSWERS = {
    "/v1/traces": (ExportTraceServiceResponse, "rejected_spans"),
    "/v1/logs": (ExportLogsServiceResponse, "rejected_log_records"),
    "/v1/metrics": (ExportMetricsServiceResponse, "rejected_data_points"),
}

signals = {name: {"sent": 0, "exported": 0, "failed": 0} for name in ("spans", "logs", "metrics")}
partial_success: list[dict] = []
sdk_log: list[str] = []
part = ""


class Collected(logging.Handler):
    """What the SDK logs."""

    def emit(self, record: logging.LogRecord) -> None:
        sdk_log.append(record.getMessage())


def read_answer(response: requests.Response, *_args: object, **_kwargs: object) -> None:
    """Notes the partial success of an answer."""
    if response.status_code != 200:
        return
    message, field = ANSWERS[response.request.path_url]
    partial = message.FromString(response.content).partial_success
    rejected = getattr(partial, field)
    if rejected or partial.error_message:
        partial_success.append(
            {"part": part, "rejected": rejected, "message": partial.error_message}
        )


def points_of(data) -> int:
    """Data points of one export."""
    return sum(
        len(metric.data.data_points)
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    )


def count_exports(exporter, outcome: dict, items_of):
    """Puts a count around `export`; the exporter itself stays as it is."""
    send = exporter.export

    def export(items, *args, **kwargs):
        result = send(items, *args, **kwargs)
        outcome["exported" if result.name == "SUCCESS" else "failed"] += items_of(items)
        return result

    exporter.export = export
    return exporter


logging.getLogger("opentelemetry").addHandler(Collected())
session = requests.Session()
session.hooks["response"].append(read_answer)
resource = Resource.create({"service.name": "client-python"})

tracer_provider = TracerProvider(
    resource=resource, span_limits=SpanLimits(max_span_attributes=2 * ATTRIBUTES)
)
span_exporter = count_exports(OTLPSpanExporter(session=session), signals["spans"], len)
tracer_provider.add_span_processor(BatchSpanProcessor(span_exporter))
logger_provider = LoggerProvider(resource=resource)
log_exporter = count_exports(OTLPLogExporter(session=session), signals["logs"], len)
logger_provider.add_log_record_processor(BatchLogRecordProcessor(log_exporter))
metric_exporter = count_exports(OTLPMetricExporter(session=session), signals["metrics"], points_of)
meter_provider = MeterProvider([PeriodicExportingMetricReader(metric_exporter)], resource)

tracer = tracer_provider.get_tracer("client")


def emit_spans(name: str, count: int, more: dict[str, str]) -> None:
    """Ends spans of one kind and exports them.

    Failed executions: head sampling keeps what failed, so the edge's counts are known beforehand.
    """
    global part  # pylint: disable=global-statement
    part = name
    attributes = {"workflow.pattern": "sequence", "error.type": "timeout", **more}
    for _ in range(count):
        span = tracer.start_span("workflow.execute", attributes=attributes)
        span.set_status(StatusCode.ERROR)
        span.end()
    signals["spans"]["sent"] += count
    tracer_provider.force_flush()


padding = {f"pad.{index}": "x" for index in range(ATTRIBUTES)}
emit_spans("valid spans", SPANS_VALID, {"workflow.id": "wf-1"})
emit_spans("invalid spans", SPANS_INVALID, {})
emit_spans("over the limit", 1, {"workflow.id": "wf-1", **padding})

part = "logs"
logger = logger_provider.get_logger("client")
for attributes in ({"workflow.id": "wf-1"}, {}):
    logger.emit(
        LogRecord(
            event_name="workflow.failed",
            severity_number=SeverityNumber.ERROR,
            attributes=attributes,
        )
    )
signals["logs"]["sent"] = 2
logger_provider.force_flush()

part = "metrics"
executions = meter_provider.get_meter("client").create_counter(
    "workflow.executions", unit="{workflow}"
)
executions.add(1, {"workflow.name": "client", "workflow.outcome": "failed"})
executions.add(1, {"workflow.name": "client"})
signals["metrics"]["sent"] = 2
meter_provider.shutdown()
tracer_provider.shutdown()
logger_provider.shutdown()

print(
    json.dumps(
        {
            "language": "Python",
            "sdk": resource.attributes["telemetry.sdk.version"],
            "signals": signals,
            "partialSuccess": partial_success,
            "toldBy": "hidden by the SDK; a response hook of its session",
            "sdkLog": sdk_log,
        }
    )
)
