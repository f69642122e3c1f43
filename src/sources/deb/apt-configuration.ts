import { join } from 'node:path';

/*
 * apt is made to work in a folder of its own, for an architecture of its own. It uses the machine's sources, keys,
 * proxies and so on, but changes neither its packages, nor its lists, nor its list of architectures.
 */

/** Where an apt of our own keeps what. */
export interface AptFolders {
  configuration: string;
  state: string;
  cache: string;
  status: string;
  sources: string;
  sourceParts: string;
}

export function aptFolders(root: string): AptFolders {
  return {
    configuration: join(root, 'apt.conf'),
    state: join(root, 'state'),
    cache: join(root, 'cache'),
    status: join(root, 'status'),
    sources: join(root, 'sources.list'),
    sourceParts: join(root, 'sources.list.d'),
  };
}

/**
 * The configuration file for `apt-get -c`, read after the machine's own. Hooks are cleared because the machine's would
 * act on the machine's lists and caches; unsigned or wrongly signed repositories are refused even where the machine's
 * configuration allows them.
 */
export function aptConfiguration(folders: AptFolders, architecture: string, user: string): string {
  const cleared = ['APT::Update::Pre-Invoke', 'APT::Update::Post-Invoke', 'APT::Update::Post-Invoke-Success', 'APT::Architectures', 'APT::Default-Release'];
  const values: Record<string, string> = {
    'APT::Architecture': architecture,
    // Under root apt would fetch as a user of its own, who may not reach the folder.
    'APT::Sandbox::User': user,
    'APT::Get::AllowUnauthenticated': 'false',
    'Acquire::AllowInsecureRepositories': 'false',
    'Acquire::AllowWeakRepositories': 'false',
    'Acquire::AllowDowngradeToInsecureRepositories': 'false',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '3',
    // Descriptions, icons and contents that desktops ask for.
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled': 'false',
    'Acquire::IndexTargets::deb::CNF::DefaultEnabled': 'false',
    'Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled': 'false',
    'Dir::State': folders.state,
    'Dir::State::status': folders.status,
    'Dir::Cache': folders.cache,
    'Dir::Etc::sourcelist': folders.sources,
    'Dir::Etc::sourceparts': folders.sourceParts,
  };
  const lines = [...cleared.map((key) => `#clear ${key};`), ...Object.entries(values).map(([key, value]) => `${key} "${value}";`)];
  return `${lines.join('\n')}\nAPT::Architectures { "${architecture}"; };\n`;
}

/** A source file without what makes apt believe a repository without looking at its signature. */
export function withoutTrust(text: string, file: string): string {
  if (file.endsWith('.sources')) return text.replace(/^(Trusted|Allow-Insecure|Allow-Weak|Allow-Downgrade-To-Insecure):.*\n?/gim, '');
  return text.replace(/^(\s*deb(?:-src)?\s+)\[([^\]]*)\]/gim, (_, start: string, options: string) => {
    const kept = options
      .split(/\s+/)
      .filter((option) => option !== '' && !/^(trusted|allow-insecure|allow-weak|allow-downgrade-to-insecure)\+?=/i.test(option));
    return kept.length === 0 ? start.trimEnd() : `${start}[${kept.join(' ')}]`;
  });
}

/** What `apt-get download --print-uris` says of one file. */
export interface AptFile {
  file: string;
  /** bytes */
  size: number;
  sha256: string;
}

/** Parses `apt-get download --print-uris`: lines of `'address' file size SHA256:digest`. */
export function parsePrintUris(output: string): AptFile[] {
  return [...output.matchAll(/^'[^']*' (\S+) (\d+) SHA256:([0-9a-f]{64})$/gm)].map(([, file = '', size, sha256 = '']) => ({
    file,
    size: Number(size),
    sha256,
  }));
}
