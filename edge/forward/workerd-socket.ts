// A socket for kafkajs straight over workerd's own, without the stream layer of its node:net, which
// costs more than the rest of a small send. It has what kafkajs and our client use of a net.Socket
// and no more: on/once of data, end, error, close; write, end, destroy, unref.
import { connect } from "cloudflare:sockets";

import type { ISocketFactory } from "kafkajs";

import { freeBytes } from "../free-bytes.ts";

type Listener = (value?: unknown) => void;

class WorkerdSocket {
  readonly #socket: ReturnType<typeof connect>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #listeners = new Map<string, Listener[]>();
  #isOver = false;

  constructor(hostname: string, port: number, isTls: boolean) {
    const secureTransport = isTls ? "on" : "off";
    this.#socket = connect({ hostname, port }, { secureTransport, allowHalfOpen: false });
    this.#writer = this.#socket.writable.getWriter() as WritableStreamDefaultWriter<Uint8Array>;
    // The reader sees every failure; a promise that nobody awaits would be told as an error.
    this.#socket.closed.catch(() => undefined);
    this.#writer.closed.catch(() => undefined);
  }

  on(event: string, listener: Listener): this {
    const listeners = this.#listeners.get(event) ?? [];
    listeners.push(listener);
    this.#listeners.set(event, listeners);
    return this;
  }

  /** What is emitted once is only "close" here. */
  once(event: string, listener: Listener): this {
    return this.on(event, listener);
  }

  /** Order is kept; a failure comes as "error". Takes the bytes: they are empty afterwards. */
  write(bytes: Uint8Array): boolean {
    this.#written(bytes).catch((error: unknown) => this.#over("error", error));
    return true;
  }

  async #written(bytes: Uint8Array): Promise<void> {
    await this.#writer.write(bytes);
    freeBytes(bytes);
  }

  end(): this {
    this.#over("end");
    return this;
  }

  destroy(error?: Error): this {
    if (error === undefined) this.#over("end");
    else this.#over("error", error);
    return this;
  }

  /** A Worker has no process to keep alive. */
  unref(): this {
    return this;
  }

  /** Reads until the end; for the factory, once the listeners can be set. */
  async run(onConnect: () => void): Promise<void> {
    try {
      await this.#socket.opened;
      if (this.#isOver) return;
      onConnect();
      const reader = this.#socket.readable.getReader() as ReadableStreamDefaultReader<Uint8Array>;
      for (;;) {
        const { value, done } = await reader.read();
        if (done || this.#isOver) break;
        this.#emit("data", Buffer.from(value.buffer, value.byteOffset, value.byteLength));
      }
      this.#over("end");
    } catch (error) {
      this.#over("error", error);
    }
  }

  #over(event: "end" | "error", error?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket.close().catch(() => undefined);
    const failure = error instanceof Error ? error : new Error(String(error));
    this.#emit(event, event === "error" ? failure : undefined);
    this.#emit("close");
  }

  #emit(event: string, value?: unknown): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(value);
  }
}

/** TLS takes the certificate authorities that workerd trusts; other TLS options have no effect. */
export const workerdSockets: ISocketFactory = ({ host, port, ssl, onConnect }) => {
  const socket = new WorkerdSocket(host, port, Boolean(ssl));
  void socket.run(onConnect);
  return socket as unknown as ReturnType<ISocketFactory>;
};
