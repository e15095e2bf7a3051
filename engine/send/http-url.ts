// Addresses that requests may go to.

/** The address, or null for what is none of http or https. */
export const httpUrl = (text: string): URL | null => {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) ? url : null;
};

/** Whether it has a user or password in it: fetch never takes such an address. */
export const hasLogin = ({ username, password }: URL): boolean =>
  username !== "" || password !== "";
