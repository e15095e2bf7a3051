// Times as the OpenTelemetry SDK takes them without loss: seconds and nanoseconds.

/** From microseconds since the epoch. */
export const otlpTime = (unixUs: number): [number, number] => {
  const seconds = Math.floor(unixUs / 1_000_000);
  return [seconds, Math.round((unixUs - seconds * 1_000_000) * 1000)];
};
