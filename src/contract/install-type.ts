/** What an installation is for; each type runs the roles listed for it. */
export const INSTALL_TYPES = ['all', 'server', 'agent', 'backend', 'frontend', 'backend-agent'] as const;
export type InstallType = (typeof INSTALL_TYPES)[number];

/**
 * What a component does in an installation. Every role but `runtime` and `extra` has providers of which an
 * installation runs one; `runtime` is the Node binary our executable is made of; an `extra` runs beside the others.
 */
export const ROLES = ['runtime', 'store', 'query', 'dashboards', 'collector', 'extra'] as const;
export type Role = (typeof ROLES)[number];

/** The roles an installation of each type runs, in the order in which they are started. */
export const ROLES_OF_TYPE: Record<InstallType, readonly Role[]> = {
  all: ['store', 'query', 'dashboards', 'collector', 'extra'],
  server: ['store', 'query', 'dashboards', 'extra'],
  agent: ['collector', 'extra'],
  backend: ['store', 'query', 'extra'],
  frontend: ['dashboards', 'extra'],
  'backend-agent': ['store', 'query', 'collector', 'extra'],
};

/** The types that do not hold the store themselves and must be told where it is. */
export const TYPES_WITHOUT_STORE: readonly InstallType[] = ['agent', 'frontend'];
