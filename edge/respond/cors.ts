// CORS, so that browsers can send OTLP straight to the edge. It tells browsers what a page may do;
// it keeps nobody out: that is authentication's part.
import type { CorsConfig } from "../config.ts";
import { type Refusal, refuse } from "../errors.ts";

type Headers = { readonly [name: string]: string };

const none: Headers = {};
/** Headers of an answer that a page may read beside the usual ones. */
const exposed = "retry-after";

/** `*` stands for any labels: `https://*.example.com` takes every subdomain, and not the domain. */
const matcher = (pattern: string): ((origin: string) => boolean) => {
  const [head = "", tail = ""] = pattern.toLowerCase().split("*");
  if (!pattern.includes("*")) return (origin) => origin === head;
  const least = head.length + tail.length;
  return (origin) => origin.length > least && origin.startsWith(head) && origin.endsWith(tail);
};

/** The CORS of a configuration; one per isolate. */
export class Cors {
  /** False without origins: then OPTIONS is a method like any other. */
  readonly isOn: boolean;
  readonly #matchers: readonly ((origin: string) => boolean)[];
  readonly #isAny: boolean;
  readonly #allowedHeaders: string;
  readonly #maxAgeS: string;

  constructor({ origins, headers, maxAgeS }: CorsConfig) {
    this.isOn = origins.length > 0;
    this.#isAny = origins.includes("*");
    this.#matchers = origins.map(matcher);
    this.#allowedHeaders = headers.join(", ");
    this.#maxAgeS = String(maxAgeS);
  }

  /**
   * Headers for the answer to this origin, null without one. `vary` stands in every answer: a cache
   * would give the one without an origin, which lacks the permission, to a page.
   */
  headers(origin: string | null): Headers {
    if (!this.isOn) return none;
    if (this.#isAny)
      return { "access-control-allow-origin": "*", "access-control-expose-headers": exposed };
    if (origin === null || !this.#allows(origin)) return { vary: "origin" };
    return {
      "access-control-allow-origin": origin,
      "access-control-expose-headers": exposed,
      vary: "origin",
    };
  }

  /** The answer to a preflight: OPTIONS with an origin and the method that is to follow. */
  preflight(request: Request, method: string): Response | Refusal {
    const origin = request.headers.get("origin") ?? "";
    if (!this.#isAny && !this.#allows(origin))
      return refuse("permission-denied", "this origin is not among CORS_ORIGINS");
    return new Response(null, {
      status: 204,
      headers: {
        "access-control-allow-methods": method,
        "access-control-allow-headers": this.#allowedHeaders,
        "access-control-max-age": this.#maxAgeS,
      },
    });
  }

  #allows(origin: string): boolean {
    const lower = origin.toLowerCase();
    return this.#matchers.some((matches) => matches(lower));
  }
}

/** Whether a browser asks what it may do. */
export const isPreflight = (request: Request): boolean =>
  request.method === "OPTIONS" &&
  request.headers.has("origin") &&
  request.headers.has("access-control-request-method");
