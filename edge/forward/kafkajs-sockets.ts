// In the place of net and tls, which kafkajs names for sockets of its own making (wrangler.toml,
// [alias]). The edge gives it workerd's (workerd-socket.ts), so it never makes one.

const none = (): never => {
  throw new Error("kafkajs: it was given no socketFactory");
};

/** @throws Error always. */
export const connect = (): never => none();

/** @throws Error always. */
export const isIP = (): never => none();
