// A Worker that reads a body, calls an object with it and answers: what the runtime itself costs of
// every request whose records an object sends on. For the benchmark of the edge.
import { DurableObject } from "cloudflare:workers";

/** Takes what comes and keeps nothing. */
export class Callee extends DurableObject {
  take(bytes: Uint8Array): number {
    return bytes.byteLength;
  }
}

type Env = { readonly CALLEE: DurableObjectNamespace<Callee> };

export default {
  async fetch(request: Request, { CALLEE }: Env): Promise<Response> {
    const body = await request.bytes();
    await CALLEE.getByName("callee").take(body);
    return new Response(null);
  },
};
