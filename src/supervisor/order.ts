/** Something that is started after others. */
export interface Ordered {
  name: string;
  after: readonly string[];
}

/**
 * The names in starting order: each after everything in its `after` that is among them. Throws on a circle, naming it.
 * Things that do not depend on each other keep the order they came in.
 */
export function startingOrder<T extends Ordered>(services: readonly T[]): T[] {
  const byName = new Map(services.map((service) => [service.name, service]));
  const placed = new Set<string>();
  const order: T[] = [];
  const place = (service: T, path: readonly string[]): void => {
    if (placed.has(service.name)) return;
    if (path.includes(service.name)) throw new Error(`Services wait for each other: ${[...path, service.name].join(' -> ')}.`);
    for (const name of service.after) {
      const earlier = byName.get(name);
      if (earlier) place(earlier, [...path, service.name]);
    }
    placed.add(service.name);
    order.push(service);
  };
  for (const service of services) place(service, []);
  return order;
}
