import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.api.logs.Logger;
import io.opentelemetry.api.logs.Severity;
import io.opentelemetry.api.metrics.LongCounter;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.exporter.otlp.http.logs.OtlpHttpLogRecordExporter;
import io.opentelemetry.exporter.otlp.http.metrics.OtlpHttpMetricExporter;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.logs.SdkLoggerProvider;
import io.opentelemetry.sdk.logs.export.BatchLogRecordProcessor;
import io.opentelemetry.sdk.logs.export.LogRecordExporter;
import io.opentelemetry.sdk.metrics.SdkMeterProvider;
import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.metrics.export.MetricExporter;
import io.opentelemetry.sdk.metrics.export.PeriodicMetricReader;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.SpanLimits;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.LogRecord;

/**
 * OTLP client on the OpenTelemetry SDK for Java, as test/clients/main.ts drives it: spans, log
 * records and metrics, good and bad, over OTLP/HTTP protobuf; one JSON line of what came of them.
 * The SDK does not read the body of a 200, so partial success is invisible in it: AnswerReader looks
 * at the answers. What the SDK logs is collected as well, to show that it says nothing.
 */
public final class Client {
  private static final AttributeKey<String> WORKFLOW_ID = AttributeKey.stringKey("workflow.id");
  private static final AttributeKey<String> WORKFLOW_NAME = AttributeKey.stringKey("workflow.name");
  private static final AttributeKey<String> PATTERN = AttributeKey.stringKey("workflow.pattern");
  private static final AttributeKey<String> ERROR_TYPE = AttributeKey.stringKey("error.type");
  private static final AttributeKey<String> OUTCOME = AttributeKey.stringKey("workflow.outcome");
  private static final AttributeKey<String> SDK = AttributeKey.stringKey("telemetry.sdk.version");
  private static final long FLUSH_S_MAX = 20;
  /** Held here, or the collector of garbage takes it with its handler. */
  private static final java.util.logging.Logger LOG =
      java.util.logging.Logger.getLogger("io.opentelemetry");

  private final Report report = new Report();
  private final AnswerReader answers = new AnswerReader(report);
  private final String endpoint = System.getenv("OTEL_EXPORTER_OTLP_ENDPOINT");
  private final Resource resource =
      Resource.getDefault()
          .merge(
              Resource.create(
                  Attributes.of(AttributeKey.stringKey("service.name"), "client-java")));

  private static int number(String variable) {
    return Integer.parseInt(System.getenv(variable));
  }

  /** An exporter that counts the results of its exports; it stays as it is. */
  private <T> T counted(Class<T> type, T exporter, String signal) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              try {
                Object result = method.invoke(exporter, arguments);
                if (method.getName().equals("export")) {
                  int items = itemsOf((Collection<?>) arguments[0]);
                  CompletableResultCode done = (CompletableResultCode) result;
                  done.whenComplete(() -> report.exported(signal, items, done.isSuccess()));
                }
                return result;
              } catch (InvocationTargetException error) {
                throw error.getCause();
              }
            }));
  }

  private static int itemsOf(Collection<?> items) {
    return items.stream()
        .mapToInt(
            item -> item instanceof MetricData metric ? metric.getData().getPoints().size() : 1)
        .sum();
  }

  private void sendSpans() {
    int attributes = number("CLIENT_ATTRIBUTES");
    SpanExporter exporter =
        OtlpHttpSpanExporter.builder()
            .setEndpoint(endpoint + "/v1/traces")
            .setCompression("gzip")
            .setComponentLoader(answers)
            .build();
    SdkTracerProvider provider =
        SdkTracerProvider.builder()
            .setResource(resource)
            .setSpanLimits(SpanLimits.builder().setMaxNumberOfAttributes(2 * attributes).build())
            .addSpanProcessor(
                BatchSpanProcessor.builder(counted(SpanExporter.class, exporter, "spans")).build())
            .build();
    AttributesBuilder padded = Attributes.builder().put(WORKFLOW_ID, "wf-1");
    for (int index = 0; index < attributes; index++) {
      padded.put("pad." + index, "x");
    }
    Attributes identified = Attributes.of(WORKFLOW_ID, "wf-1");
    emitSpans(provider, "valid spans", number("CLIENT_SPANS_VALID"), identified);
    emitSpans(provider, "invalid spans", number("CLIENT_SPANS_INVALID"), Attributes.empty());
    emitSpans(provider, "over the limit", 1, padded.build());
    provider.shutdown().join(FLUSH_S_MAX, TimeUnit.SECONDS);
  }

  /** Failed executions: head sampling keeps what failed, so the edge's counts are known beforehand. */
  private void emitSpans(SdkTracerProvider provider, String part, int count, Attributes more) {
    report.begin(part);
    Tracer tracer = provider.get("client");
    for (int index = 0; index < count; index++) {
      tracer
          .spanBuilder("workflow.execute")
          .setAttribute(PATTERN, "sequence")
          .setAttribute(ERROR_TYPE, "timeout")
          .setAllAttributes(more)
          .startSpan()
          .setStatus(StatusCode.ERROR)
          .end();
    }
    report.sent("spans", count);
    flush(provider);
  }

  /**
   * Until all that was sent has its answer: the processor wakes who waits for a flush before it
   * forgets that flush, so the next one, asked for at once, may be taken for the one that is done.
   */
  private void flush(SdkTracerProvider provider) {
    long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(FLUSH_S_MAX);
    do {
      provider.forceFlush().join(FLUSH_S_MAX, TimeUnit.SECONDS);
    } while (!report.isAnswered("spans") && System.nanoTime() < endNs);
  }

  private void sendLogs() {
    report.begin("logs");
    LogRecordExporter exporter =
        OtlpHttpLogRecordExporter.builder()
            .setEndpoint(endpoint + "/v1/logs")
            .setCompression("gzip")
            .setComponentLoader(answers)
            .build();
    SdkLoggerProvider provider =
        SdkLoggerProvider.builder()
            .setResource(resource)
            .addLogRecordProcessor(
                BatchLogRecordProcessor.builder(counted(LogRecordExporter.class, exporter, "logs"))
                    .build())
            .build();
    Logger logger = provider.get("client");
    for (Attributes more : List.of(Attributes.of(WORKFLOW_ID, "wf-1"), Attributes.empty())) {
      logger
          .logRecordBuilder()
          .setEventName("workflow.failed")
          .setSeverity(Severity.ERROR)
          .setAllAttributes(more)
          .emit();
    }
    report.sent("logs", 2);
    provider.shutdown().join(FLUSH_S_MAX, TimeUnit.SECONDS);
  }

  private void sendMetrics() {
    report.begin("metrics");
    MetricExporter exporter =
        OtlpHttpMetricExporter.builder()
            .setEndpoint(endpoint + "/v1/metrics")
            .setCompression("gzip")
            .setComponentLoader(answers)
            .build();
    SdkMeterProvider provider =
        SdkMeterProvider.builder()
            .setResource(resource)
            .registerMetricReader(
                PeriodicMetricReader.create(counted(MetricExporter.class, exporter, "metrics")))
            .build();
    LongCounter executions =
        provider.get("client").counterBuilder("workflow.executions").setUnit("{workflow}").build();
    executions.add(1, Attributes.of(WORKFLOW_NAME, "client", OUTCOME, "failed"));
    executions.add(1, Attributes.of(WORKFLOW_NAME, "client"));
    report.sent("metrics", 2);
    provider.shutdown().join(FLUSH_S_MAX, TimeUnit.SECONDS);
  }

  /** Has the SDK's log lines collected instead of printed. */
  private void collectLog() {
    LOG.setUseParentHandlers(false);
    LOG.addHandler(
        new Handler() {
          @Override
          public void publish(LogRecord record) {
            report.logged(record.getMessage());
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        });
  }

  public static void main(String[] args) {
    Client client = new Client();
    client.collectLog();
    client.sendSpans();
    client.sendLogs();
    client.sendMetrics();
    System.out.println(
        client.report.json(
            client.resource.getAttribute(SDK),
            "hidden by the SDK; a wrapped HttpSender of its own"));
  }
}
