/** What a browser says about where a request comes from. */
export interface RequestOrigin {
  /** `Sec-Fetch-Site`; browsers leave it out on plain http to another machine. */
  fetchSite: string | undefined;
  origin: string | undefined;
  host: string | undefined;
}

/**
 * True when a request that changes something was made by our own page. `Sec-Fetch-Site` cannot be forged by a page
 * and knows the address as the browser does, so it decides alone where it is there; otherwise the origin must name
 * the host that was asked. A request that says neither does not come from a browser's page and is refused too.
 */
export function isSameOrigin({ fetchSite, origin, host }: RequestOrigin): boolean {
  if (fetchSite !== undefined) return fetchSite === 'same-origin';
  if (origin === undefined || host === undefined) return false;
  const url = URL.parse(origin);
  return url !== null && url.host === host.toLowerCase();
}
