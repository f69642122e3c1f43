import packageJson from '../../package.json' with { type: 'json' };

/** dkm's own version. */
export const VERSION: string = packageJson.version;
