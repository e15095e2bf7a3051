import com.google.protobuf.InvalidProtocolBufferException;
import io.opentelemetry.common.ComponentLoader;
import io.opentelemetry.proto.collector.logs.v1.ExportLogsPartialSuccess;
import io.opentelemetry.proto.collector.logs.v1.ExportLogsServiceResponse;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsPartialSuccess;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceResponse;
import io.opentelemetry.proto.collector.trace.v1.ExportTracePartialSuccess;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.common.export.HttpResponse;
import io.opentelemetry.sdk.common.export.HttpSender;
import io.opentelemetry.sdk.common.export.HttpSenderProvider;
import io.opentelemetry.sdk.common.export.MessageWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Looks at the answers on their way to the exporters, which do not read the body of a 200. It wraps
 * the SDK's own HTTP sender where the exporters load it; requests and answers stay as they are.
 */
final class AnswerReader implements ComponentLoader {
  private final ComponentLoader loader =
      ComponentLoader.forClassLoader(AnswerReader.class.getClassLoader());
  private final Report report;

  AnswerReader(Report report) {
    this.report = report;
  }

  @Override
  public <T> Iterable<T> load(Class<T> spiClass) {
    List<T> found = new ArrayList<>();
    for (T component : loader.load(spiClass)) {
      found.add(
          component instanceof HttpSenderProvider provider
              ? spiClass.cast(reading(provider))
              : component);
    }
    return found;
  }

  private HttpSenderProvider reading(HttpSenderProvider provider) {
    return config -> {
      HttpSender sender = provider.createSender(config);
      String path = config.getEndpoint().getPath();
      return new HttpSender() {
        @Override
        public void send(
            MessageWriter body, Consumer<HttpResponse> onResponse, Consumer<Throwable> onError) {
          sender.send(
              body,
              response -> {
                read(path, response);
                onResponse.accept(response);
              },
              onError);
        }

        @Override
        public CompletableResultCode shutdown() {
          return sender.shutdown();
        }
      };
    };
  }

  private void read(String path, HttpResponse response) {
    if (response.getStatusCode() != 200) {
      return;
    }
    try {
      byte[] body = response.getResponseBody();
      switch (path) {
        case "/v1/traces" -> {
          ExportTracePartialSuccess partial =
              ExportTraceServiceResponse.parseFrom(body).getPartialSuccess();
          told(partial.getRejectedSpans(), partial.getErrorMessage());
        }
        case "/v1/logs" -> {
          ExportLogsPartialSuccess partial =
              ExportLogsServiceResponse.parseFrom(body).getPartialSuccess();
          told(partial.getRejectedLogRecords(), partial.getErrorMessage());
        }
        default -> {
          ExportMetricsPartialSuccess partial =
              ExportMetricsServiceResponse.parseFrom(body).getPartialSuccess();
          told(partial.getRejectedDataPoints(), partial.getErrorMessage());
        }
      }
    } catch (InvalidProtocolBufferException error) {
      report.logged("answer of " + path + ": " + error.getMessage());
    }
  }

  private void told(long rejected, String message) {
    if (rejected != 0 || !message.isEmpty()) {
      report.partialSuccess(rejected, message);
    }
  }
}
