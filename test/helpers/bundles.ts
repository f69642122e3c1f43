/** make-package's options for a bundle of what can be had wherever there is Python, apt and npm. */
export const FALLBACK_PROVIDERS: readonly string[] = ['store=carbon-cache', 'query=graphite-web', 'dashboards=console'].flatMap((choice) => [
  '--provider',
  choice,
]);
