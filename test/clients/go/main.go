// OTLP client on the OpenTelemetry SDK for Go, as test/clients/main.ts drives it: spans, log records
// and metrics, good and bad, over OTLP/HTTP protobuf; one JSON line of what came of them. The
// exporters return partial success as an error (its type is internal, so its text is read); in an
// application it reaches the handler of otel.SetErrorHandler.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"regexp"
	"strconv"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	otellog "go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/metric"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

type partialSuccess struct {
	Part     string `json:"part"`
	Rejected int    `json:"rejected"`
	Message  string `json:"message"`
}

type outcome struct {
	Sent     int `json:"sent"`
	Exported int `json:"exported"`
	Failed   int `json:"failed"`
}

type report struct {
	Language       string              `json:"language"`
	SDK            string              `json:"sdk"`
	Signals        map[string]*outcome `json:"signals"`
	PartialSuccess []partialSuccess    `json:"partialSuccess"`
	ToldBy         string              `json:"toldBy"`
	SDKLog         []string            `json:"sdkLog"`

	part string
}

var partialPattern = regexp.MustCompile(`(?s)OTLP partial success: (.*) \((\d+) [a-z ]+ rejected\)$`)

// handle is the error handler of the SDK. Partial success is an error there, though what was not
// rejected has been taken.
func (r *report) handle(err error) {
	found := partialPattern.FindStringSubmatch(err.Error())
	if found == nil {
		r.SDKLog = append(r.SDKLog, err.Error())
		return
	}
	rejected, _ := strconv.Atoi(found[2])
	r.PartialSuccess = append(r.PartialSuccess, partialSuccess{r.part, rejected, found[1]})
}

// count notes the result of one export and passes it on.
func (r *report) count(signal string, items int, err error) error {
	if err == nil || partialPattern.MatchString(err.Error()) {
		r.Signals[signal].Exported += items
	} else {
		r.Signals[signal].Failed += items
	}
	return err
}

type spanExporter struct {
	sdktrace.SpanExporter
	*report
}

func (e spanExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	return e.count("spans", len(spans), e.SpanExporter.ExportSpans(ctx, spans))
}

type logExporter struct {
	sdklog.Exporter
	*report
}

func (e logExporter) Export(ctx context.Context, records []sdklog.Record) error {
	return e.count("logs", len(records), e.Exporter.Export(ctx, records))
}

type metricExporter struct {
	sdkmetric.Exporter
	*report
}

func (e metricExporter) Export(ctx context.Context, data *metricdata.ResourceMetrics) error {
	return e.count("metrics", pointsOf(data), e.Exporter.Export(ctx, data))
}

// pointsOf counts the data points of one export; this client makes sums of integers only.
func pointsOf(data *metricdata.ResourceMetrics) int {
	points := 0
	for _, scope := range data.ScopeMetrics {
		for _, found := range scope.Metrics {
			if sum, ok := found.Data.(metricdata.Sum[int64]); ok {
				points += len(sum.DataPoints)
			}
		}
	}
	return points
}

func number(variable string) int {
	value, err := strconv.Atoi(os.Getenv(variable))
	if err != nil {
		log.Fatalf("%s: expected a number: %v", variable, err)
	}
	return value
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

// sendSpans sends failed executions: head sampling keeps what failed, so the edge's counts are known
// beforehand.
func (r *report) sendSpans(ctx context.Context, res *resource.Resource) {
	attributes := number("CLIENT_ATTRIBUTES")
	limits := sdktrace.NewSpanLimits()
	limits.AttributeCountLimit = 2 * attributes
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithResource(res),
		sdktrace.WithRawSpanLimits(limits),
		sdktrace.WithBatcher(spanExporter{must(otlptracehttp.New(ctx)), r}),
	)
	tracer := provider.Tracer("client")
	emit := func(part string, count int, more ...attribute.KeyValue) {
		r.part = part
		more = append(more,
			attribute.String("workflow.pattern", "sequence"),
			attribute.String("error.type", "timeout"))
		for range count {
			_, span := tracer.Start(ctx, "workflow.execute", trace.WithAttributes(more...))
			span.SetStatus(codes.Error, "")
			span.End()
		}
		r.Signals["spans"].Sent += count
		r.flushed(provider.ForceFlush(ctx))
	}
	id := attribute.String("workflow.id", "wf-1")
	padded := []attribute.KeyValue{id}
	for index := range attributes {
		padded = append(padded, attribute.String(fmt.Sprintf("pad.%d", index), "x"))
	}
	emit("valid spans", number("CLIENT_SPANS_VALID"), id)
	emit("invalid spans", number("CLIENT_SPANS_INVALID"))
	emit("over the limit", 1, padded...)
	r.flushed(provider.Shutdown(ctx))
}

func (r *report) sendLogs(ctx context.Context, res *resource.Resource) {
	r.part = "logs"
	provider := sdklog.NewLoggerProvider(
		sdklog.WithResource(res),
		sdklog.WithProcessor(sdklog.NewBatchProcessor(logExporter{must(otlploghttp.New(ctx)), r})),
	)
	logger := provider.Logger("client")
	for _, attributes := range [][]attribute.KeyValue{{attribute.String("workflow.id", "wf-1")}, nil} {
		var record otellog.Record
		record.SetEventName("workflow.failed")
		record.SetSeverity(otellog.SeverityError)
		record.AddAttributes(attributes...)
		logger.Emit(ctx, record)
	}
	r.Signals["logs"].Sent = 2
	r.flushed(provider.Shutdown(ctx))
}

func (r *report) sendMetrics(ctx context.Context, res *resource.Resource) {
	r.part = "metrics"
	exporter := metricExporter{must(otlpmetrichttp.New(ctx)), r}
	provider := sdkmetric.NewMeterProvider(
		sdkmetric.WithResource(res),
		sdkmetric.WithReader(sdkmetric.NewPeriodicReader(exporter)),
	)
	counter := must(provider.Meter("client").
		Int64Counter("workflow.executions", metric.WithUnit("{workflow}")))
	name := attribute.String("workflow.name", "client")
	outcome := attribute.String("workflow.outcome", "failed")
	counter.Add(ctx, 1, metric.WithAttributes(name, outcome))
	counter.Add(ctx, 1, metric.WithAttributes(name))
	r.Signals["metrics"].Sent = 2
	r.flushed(provider.Shutdown(ctx))
}

// flushed takes the errors that a flush returns instead of giving them to the handler.
func (r *report) flushed(err error) {
	if err != nil {
		r.handle(err)
	}
}

func main() {
	ctx := context.Background()
	r := &report{
		Language:       "Go",
		SDK:            otel.Version(),
		Signals:        map[string]*outcome{"spans": {}, "logs": {}, "metrics": {}},
		PartialSuccess: []partialSuccess{},
		ToldBy:         "the error of its exporters (error handler)",
		SDKLog:         []string{},
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(r.handle))
	res, err := resource.New(ctx, resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", "client-go")))
	if err != nil && !errors.Is(err, resource.ErrPartialResource) {
		log.Fatal(err)
	}
	r.sendSpans(ctx, res)
	r.sendLogs(ctx, res)
	r.sendMetrics(ctx, res)
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		log.Fatal(err)
	}
}
