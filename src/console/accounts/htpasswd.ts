import { createHash, timingSafeEqual } from 'node:crypto';

/*
 * Password files as Apache's htpasswd makes them: https://httpd.apache.org/docs/2.4/misc/password_encryptions.html
 * bcrypt (-B), apr1 (-m, its default) and SHA-1 (-s). Not crypt (-d), which ignores all but eight characters, and not
 * plain text (-p).
 */

export interface HtpasswdFile {
  /** Hashes by name. */
  entries: ReadonlyMap<string, string>;
  /** Lines that are not used, by number, and why. */
  ignored: { line: number; reason: string }[];
}

const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
const APR1 = /^\$apr1\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22}$/;
const SHA1 = /^\{SHA\}[A-Za-z0-9+/]{27}=$/;
/** One try at cost 13 takes about a second. */
const HIGHEST_BCRYPT_COST = 13;

/** bcrypt looks at no more; a longer password is refused, so that nobody thinks the rest of it counts. */
const BCRYPT_BYTES = 72;

/** Reads such a file; comments and empty lines are left out. */
export function parseHtpasswd(text: string): HtpasswdFile {
  const entries = new Map<string, string>();
  const ignored: HtpasswdFile['ignored'] = [];
  text.split(/\r?\n/).forEach((content, index) => {
    if (content.trim() === '' || content.startsWith('#')) return;
    const [, name = '', hash = ''] = /^([^:]*):([^:]*)/.exec(content.trim()) ?? [];
    const reason = faultOf(name, hash);
    if (reason === undefined) entries.set(name, hash);
    else ignored.push({ line: index + 1, reason });
  });
  return { entries, ignored };
}

function faultOf(name: string, hash: string): string | undefined {
  if (name === '') return 'no name before a colon';
  const cost = BCRYPT.exec(hash)?.[1];
  if (cost !== undefined) return Number(cost) <= HIGHEST_BCRYPT_COST ? undefined : `bcrypt at cost ${cost}; up to ${HIGHEST_BCRYPT_COST} is taken`;
  return APR1.test(hash) || SHA1.test(hash) ? undefined : 'neither bcrypt (htpasswd -B), apr1 (-m) nor SHA-1 (-s)';
}

/** Compares a password with a hash of such a file; bcrypt gives the event loop a turn every 100 ms. */
export async function isHtpasswdPassword(password: string, hash: string): Promise<boolean> {
  if (BCRYPT.test(hash)) {
    if (Buffer.byteLength(password) > BCRYPT_BYTES) return false;
    const { compare } = await import('bcryptjs'); // only where a file has such hashes
    return compare(password, hash);
  }
  if (APR1.test(hash)) {
    // Its types say what `import` would make of another kind of module.
    const { default: apacheMd5 } = (await import('apache-md5')) as unknown as { default: (password: string, salt: string) => string };
    // It takes each character as one byte: it is given bytes, so that letters beyond ASCII count as htpasswd counts them.
    return isSameText(apacheMd5(Buffer.from(password, 'utf8').toString('latin1'), hash), hash);
  }
  return SHA1.test(hash) && isSameText(`{SHA}${createHash('sha1').update(password).digest('base64')}`, hash);
}

function isSameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
