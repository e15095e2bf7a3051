import { describe, expect, it } from "vitest";

import { SpanBinder } from "../../../engine/check/bind-span.ts";
import { attribute, group } from "./registries.ts";

const required = { requirement_level: "required" } as const;

const spans = [
  group("span", "span.cache", { annotations: { "weir.match": ["cache *", "memo ?"] } }),
  group("span", "span.cache.get", {}),
  group("span", "span.send", { span_name: { note: "send {destination}" } }),
  group("span", "span.prose", { span_name: { note: "{a} {b}" } }),
  group("span", "http.client", {
    span_kind: "client",
    attributes: [
      attribute("http.method", required),
      attribute("server.address", required),
      attribute("url.full"),
    ],
  }),
  group("span", "http.server", {
    span_kind: "server",
    attributes: [attribute("http.method", required), attribute("url.path", required)],
  }),
  group("span", "search.client", {
    span_kind: "client",
    attributes: [
      attribute("http.method", required),
      attribute("server.address"),
      attribute("search.index", required),
    ],
  }),
  group("span", "other", { attributes: [attribute("server.address"), attribute("x.opt")] }),
];

const binder = new SpanBinder(spans);

const bind = (name: string, kind = "internal", ...keys: string[]): string | null =>
  binder.bind(name, kind, new Set(keys))?.id ?? null;

describe("a span is bound", () => {
  it("first by what says that it matches", () => {
    expect(bind("cache get")).toBe("span.cache");
    expect(bind("memo 1")).toBe("span.cache");
    expect(bind("memo 12")).toBeNull();
  });

  it("then by its name, with and without the type in front", () => {
    expect(bind("span.cache.get")).toBe("span.cache.get");
    expect(bind("cache.get")).toBe("span.cache.get");
    expect(bind("http.client", "server")).toBe("http.client");
  });

  it("to the first of two that are called the same, as at the edge", () => {
    const first = group("span", "pay", {});
    const second = group("span", "span.pay", {});
    for (const groups of [
      [first, second],
      [second, first],
    ]) {
      expect(new SpanBinder(groups).bind("pay", "internal", new Set())).toBe(groups[0]);
      expect(new SpanBinder(groups).bind("span.pay", "internal", new Set())).toBe(second);
    }
    const nested = group("span", "span.span.pay", {});
    expect(new SpanBinder([second, nested]).bind("span.pay", "", new Set())).toBe(nested);
  });

  it("then by the pattern of names, unless hardly anything in it is fixed", () => {
    expect(bind("send orders")).toBe("span.send");
    expect(bind("a b")).toBeNull();
  });

  it("last by kind and attributes: the definition that lacks least", () => {
    expect(bind("GET", "client", "http.method", "server.address")).toBe("http.client");
    expect(bind("GET", "server", "http.method")).toBe("http.server");
    expect(bind("GET", "client", "http.method", "search.index")).toBe("search.client");
    expect(bind("GET", "producer", "http.method")).toBeNull();
  });

  it("to nothing by keys that tell nothing", () => {
    expect(bind("x", "client", "server.address")).toBeNull();
    expect(bind("x", "client", "x.opt")).toBeNull();
  });
});
