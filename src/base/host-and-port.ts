/** `host:port`, with brackets around an IPv6 address. */
export function hostAndPort(host: string, port: number | string): string {
  return `${bracketed(host)}:${port}`;
}

/** A host as it stands in addresses: IPv6 in brackets. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
