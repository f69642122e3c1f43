/** The C library of this machine; `none` where programs are not linked against one of these two (macOS). */
export interface CLibrary {
  kind: 'glibc' | 'musl' | 'none';
  /** Of glibc, such as 2.36; empty otherwise. */
  version: string;
}

/** The C library that this process runs on. */
export function cLibrary(): CLibrary {
  if (process.platform !== 'linux') return { kind: 'none', version: '' };
  // Without this the report looks up the names of all open connections, which may take long. (@types/node lacks it.)
  Object.assign(process.report, { excludeNetwork: true });
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string }; sharedObjects?: string[] };
  const version = report.header?.glibcVersionRuntime;
  if (version !== undefined) return { kind: 'glibc', version };
  return { kind: report.sharedObjects?.some((path) => path.includes('musl')) ? 'musl' : 'none', version: '' };
}
