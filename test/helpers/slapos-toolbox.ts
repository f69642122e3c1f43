import { PACKAGES_WITHIN_MS, pythonPackages, type PythonPackages } from './python-packages.ts';

/* The programs of SlapOS's monitoring stack, and readers of what it makes. */

const VERSION = '0.170';
const PACKAGES = [`slapos.toolbox==${VERSION}`, 'feedparser==6.0.14', 'listparser==0.20', 'jsonschema==4.26.0'];

export const WHY_NO_TOOLBOX = `slapos.toolbox ${VERSION} cannot be had here: python3 with pip and its headers, a compiler, and a network or a pip mirror enable it`;

export type Toolbox = PythonPackages;

/** The programs; undefined where they cannot be had. Call it in beforeAll with a bound of some minutes. */
export function slaposToolbox(): Promise<Toolbox | undefined> {
  return pythonPackages(`slapos.toolbox-${VERSION}`, PACKAGES);
}

export const TOOLBOX_WITHIN_MS = PACKAGES_WITHIN_MS;
