import { seededRandom, type Random } from './random.ts';

/*
 * Which faults a sequence has: a pure function of the seed, so that a failing one can be run again. The same seed gives
 * the same faults on every machine; one that the machine does not allow is left out when the sequence is carried out.
 */

export const SERVICES = ['store', 'web', 'agent'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** Files below run/ that a fault damages. `*` stands for every generation of the supervisor's lock. */
export const STATE_FILES = ['status.json', 'services.json', 'supervisor.lock', 'supervisor.lock.*', 'dkm.sock', 'generated.json'] as const;
export type StateFile = (typeof STATE_FILES)[number];

/** How a file is damaged. `other-shape`: valid JSON that is not what the file should hold. */
export const DAMAGES = ['delete', 'empty', 'cut', 'zeros', 'garbage', 'other-shape'] as const;
export type Damage = (typeof DAMAGES)[number];

export type Fault =
  | { kind: 'kill-service'; service: ServiceName; signal: 'SIGKILL' | 'SIGTERM' | 'SIGSEGV' }
  | { kind: 'freeze-service'; service: ServiceName; forMs: number }
  | { kind: 'hang-service'; service: ServiceName }
  | { kind: 'kill-supervisor' }
  | { kind: 'kill-supervisor-within'; command: string[]; afterMs: number }
  | { kind: 'kill-command'; command: string[]; afterMs: number }
  | { kind: 'damage-file'; file: StateFile; damage: Damage; supervisor: 'stays' | 'is-killed' | 'was-killed' }
  | { kind: 'take-port'; service: 'store' | 'web'; forMs: number }
  | { kind: 'fill-disk'; then: 'kill-service' | 'kill-supervisor' | 'command' }
  | { kind: 'move-clock'; bySeconds: number; then: 'nothing' | 'kill-service' | 'restart' }
  | { kind: 'command'; command: string[] }
  | { kind: 'commands-at-once'; commands: string[][] };

export type FaultKind = Fault['kind'];

type Make = (random: Random) => Fault;

const HOUR_S = 3600;

/** A maker per kind of fault. */
const MAKERS: { [Kind in FaultKind]: (random: Random) => Extract<Fault, { kind: Kind }> } = {
  'kill-service': (random) => ({ kind: 'kill-service', service: random.pick(SERVICES), signal: random.pick(['SIGKILL', 'SIGTERM', 'SIGSEGV']) }),
  'freeze-service': (random) => ({ kind: 'freeze-service', service: random.pick(SERVICES), forMs: random.integer(1200) }),
  'hang-service': (random) => ({ kind: 'hang-service', service: random.pick(['store', 'web']) }),
  'kill-supervisor': () => ({ kind: 'kill-supervisor' }),
  'kill-supervisor-within': (random) => ({ kind: 'kill-supervisor-within', command: changing(random), afterMs: random.integer(400) }),
  'kill-command': (random) => ({ kind: 'kill-command', command: changing(random), afterMs: random.integer(400) }),
  'damage-file': (random) => ({
    kind: 'damage-file',
    file: random.pick(STATE_FILES),
    damage: random.pick(DAMAGES),
    supervisor: random.pick(['stays', 'is-killed', 'was-killed']),
  }),
  'take-port': (random) => ({ kind: 'take-port', service: random.pick(['store', 'web']), forMs: random.integer(1500) }),
  'fill-disk': (random) => ({ kind: 'fill-disk', then: random.pick(['kill-service', 'kill-supervisor', 'command']) }),
  'move-clock': (random) => ({
    kind: 'move-clock',
    bySeconds: random.pick([-24 * HOUR_S, -HOUR_S, -70, 70, HOUR_S, 24 * HOUR_S]),
    then: random.pick(['nothing', 'kill-service', 'restart']),
  }),
  command: (random) => ({ kind: 'command', command: random.integer(3) === 0 ? random.pick([['status'], ['reload'], ['reopenlogs']]) : changing(random) }),
  'commands-at-once': (random) => ({ kind: 'commands-at-once', commands: Array.from({ length: 2 + random.integer(3) }, () => changing(random)) }),
};

/** Every kind of fault there is. */
export const FAULT_KINDS = Object.keys(MAKERS) as FaultKind[];

/** A command that changes what runs, for all services or for one. */
function changing(random: Random): string[] {
  const command = random.pick(['start', 'stop', 'restart']);
  return random.integer(2) === 0 ? [command] : [command, random.pick(SERVICES)];
}

const FEWEST_FAULTS = 3;
const MOST_FAULTS = 8;

/** The faults of sequence number `index` of a run with this seed. Pure. */
export function faultSequence(seed: number, index: number): Fault[] {
  const random = seededRandom(Math.imul(seed, 0x9e3779b1) + index);
  const count = FEWEST_FAULTS + random.integer(MOST_FAULTS - FEWEST_FAULTS + 1);
  const makers = Object.values(MAKERS) as [Make, ...Make[]];
  return Array.from({ length: count }, () => random.pick(makers)(random));
}
