import { getPath } from 'hono/utils/url';

/** The path that routes are looked up by. Tools of SlapOS put addresses together with a slash too many: /public//monitor.global.json. */
export function pathOfRequest(request: Request): string {
  return getPath(request).replace(/\/{2,}/g, '/');
}
