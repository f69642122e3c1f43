import { XMLParser, XMLValidator } from 'fast-xml-parser';

/* The body of PROPFIND: https://www.rfc-editor.org/rfc/rfc4918#section-14.20. */

/** A property by its namespace and name. */
export interface PropertyName {
  namespace: string;
  name: string;
}

/** What is asked for: everything, names alone, or these. */
export type Propfind = { kind: 'all' } | { kind: 'names' } | { kind: 'some'; properties: PropertyName[] };

const MOST_PROPERTIES = 100;
const DEPTH = 12;
export const DAV = 'DAV:';

type Node = { ':@'?: Record<string, string> } & Record<string, unknown>;

/** Reads the body; undefined for what is no such request. A document type, which could define entities, is refused unread. */
export function parsePropfind(body: string): Propfind | undefined {
  if (body.trim() === '') return { kind: 'all' };
  if (/<!/.test(body.replaceAll(/<!--.*?-->/gs, '')) || XMLValidator.validate(body) !== true) return undefined;
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: '',
    processEntities: false,
    ignoreDeclaration: true,
    ignorePiTags: true,
    maxNestedTags: DEPTH,
  });
  let nodes: Node[];
  try {
    nodes = parser.parse(body) as Node[];
  } catch {
    return undefined; // nested too deeply
  }
  const root = elementsOf(nodes, {})[0];
  if (root?.namespace !== DAV || root.name !== 'propfind') return undefined;
  for (const { namespace, name, children } of root.children()) {
    if (namespace !== DAV) continue;
    if (name === 'allprop') return { kind: 'all' };
    if (name === 'propname') return { kind: 'names' };
    if (name !== 'prop') continue;
    const properties = children().map((child) => ({ namespace: child.namespace, name: child.name }));
    // A prefix cannot stand for no namespace, and a name in the answer has to be one.
    const isNamed = properties.every((property) => property.namespace !== '' && /^[\p{L}_][\p{L}\p{N}._-]*$/u.test(property.name));
    return isNamed && properties.length <= MOST_PROPERTIES ? { kind: 'some', properties } : undefined;
  }
  return undefined;
}

interface Element extends PropertyName {
  children: () => Element[];
}

/** The elements among nodes, with the namespaces that hold where they stand. */
function elementsOf(nodes: readonly Node[], inherited: Readonly<Record<string, string>>): Element[] {
  return nodes.flatMap((node) => {
    const tag = Object.keys(node).find((key) => key !== ':@' && key !== '#text');
    if (tag === undefined) return [];
    const scope = { ...inherited, ...declaredBy(node[':@'] ?? {}) };
    const colon = tag.indexOf(':');
    const namespace = scope[colon < 0 ? '' : tag.slice(0, colon)] ?? '';
    return [{ namespace, name: tag.slice(colon + 1), children: () => elementsOf(node[tag] as Node[], scope) }];
  });
}

function declaredBy(attributes: Record<string, string>): Record<string, string> {
  const declarations = Object.entries(attributes).filter(([name]) => name === 'xmlns' || name.startsWith('xmlns:'));
  return Object.fromEntries(declarations.map(([name, value]) => [name.slice('xmlns:'.length), value]));
}
