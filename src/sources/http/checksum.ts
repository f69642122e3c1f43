import { basename } from 'node:path';

const DIGEST = '[0-9a-fA-F]{64}';

/**
 * The SHA-256 that a publisher's checksum file tells for a file: the file may hold nothing but the digest, lines of
 * `digest  name` (coreutils' sha256sum, `*` before the name in binary mode) or of `SHA256 (name) = digest` (BSD).
 * Undefined when there is none, or when lines for this name contradict each other.
 */
export function checksumFor(text: string, fileName: string): string | undefined {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const filled = lines.filter((line) => line !== '');
  if (filled.length === 1 && new RegExp(`^${DIGEST}$`).test(filled[0] ?? '')) return filled[0]?.toLowerCase();
  const found = new Set(
    filled
      .map(parsedLine)
      .filter((line) => line !== undefined && basename(line.name) === fileName)
      .map((line) => line?.digest),
  );
  return found.size === 1 ? [...found][0] : undefined;
}

function parsedLine(line: string): { digest: string; name: string } | undefined {
  const coreutils = new RegExp(`^\\\\?(?<digest>${DIGEST})\\s+\\*?(?<name>.+)$`).exec(line);
  const bsd = new RegExp(`^SHA256 ?\\((?<name>.+)\\) ?= ?(?<digest>${DIGEST})$`, 'i').exec(line);
  const { digest, name } = coreutils?.groups ?? bsd?.groups ?? {};
  return digest === undefined || name === undefined ? undefined : { digest: digest.toLowerCase(), name };
}
