// How a Kafka is named: on a command line, in a setting, in an environment. kafkajs parts host and
// port at the first colon, so an IPv6 address is refused here instead of being looked up as "[".

/** 1 to 65535; as a form, so that the JSON Schema of the settings has it too. */
const port = /(?:[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])/.source;
const broker = `[^\\s,:]+:${port}`;

export const kafkaAddress = {
  form: new RegExp(`^${broker}(?:,${broker})*$`),
  expected:
    "expected HOST:PORT, several separated by commas; PORT from 1 to 65535, HOST a name or an IPv4 address",
} as const;
