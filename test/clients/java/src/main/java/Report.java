import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** What came of the exports, as one JSON line. The SDK's threads write it, hence synchronized. */
final class Report {
  private static final class Outcome {
    int sent;
    int exported;
    int failed;
  }

  private final Map<String, Outcome> signals = new LinkedHashMap<>();
  private final List<String> partialSuccess = new ArrayList<>();
  private final List<String> sdkLog = new ArrayList<>();
  private String part = "";

  /** Names what is sent from now on. */
  synchronized void begin(String part) {
    this.part = part;
  }

  synchronized void sent(String signal, int items) {
    signals.computeIfAbsent(signal, name -> new Outcome()).sent += items;
  }

  synchronized void exported(String signal, int items, boolean isSuccess) {
    Outcome outcome = signals.computeIfAbsent(signal, name -> new Outcome());
    if (isSuccess) {
      outcome.exported += items;
    } else {
      outcome.failed += items;
    }
  }

  synchronized boolean isAnswered(String signal) {
    Outcome outcome = signals.computeIfAbsent(signal, name -> new Outcome());
    return outcome.exported + outcome.failed >= outcome.sent;
  }

  synchronized void partialSuccess(long rejected, String message) {
    partialSuccess.add(
        "{\"part\":%s,\"rejected\":%d,\"message\":%s}"
            .formatted(quoted(part), rejected, quoted(message)));
  }

  synchronized void logged(String line) {
    sdkLog.add(quoted(line));
  }

  synchronized String json(String sdk, String toldBy) {
    String outcomes =
        signals.entrySet().stream()
            .map(entry -> "%s:%s".formatted(quoted(entry.getKey()), json(entry.getValue())))
            .collect(Collectors.joining(","));
    return "{\"language\":\"Java\",\"sdk\":%s,\"signals\":{%s},\"partialSuccess\":[%s],"
            .formatted(quoted(sdk), outcomes, String.join(",", partialSuccess))
        + "\"toldBy\":%s,\"sdkLog\":[%s]}".formatted(quoted(toldBy), String.join(",", sdkLog));
  }

  private static String json(Outcome outcome) {
    return "{\"sent\":%d,\"exported\":%d,\"failed\":%d}"
        .formatted(outcome.sent, outcome.exported, outcome.failed);
  }

  private static String quoted(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < ' ') {
        out.append("\\u%04x".formatted((int) c));
      } else {
        out.append(c);
      }
    }
    return out.append('"').toString();
  }
}
