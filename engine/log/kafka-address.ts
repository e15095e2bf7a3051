// How a Kafka is named: on a command line, in a setting, in an environment.

export const kafkaAddress = {
  form: /^[^\s,:]+:\d{1,5}(?:,[^\s,:]+:\d{1,5})*$/,
  expected: "expected HOST:PORT, several separated by commas",
} as const;
