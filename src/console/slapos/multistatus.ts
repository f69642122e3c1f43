import type { BigIntStats } from 'node:fs';
import { toXml, type XmlElement } from '../../monitor/xml.ts';
import { contentTypeOf } from './content-type.ts';
import { DAV, type Propfind, type PropertyName } from './propfind.ts';
import { etagOf, lastModifiedOf } from './send-file.ts';

/* The answer to PROPFIND: https://www.rfc-editor.org/rfc/rfc4918#section-14.16. */

/** A file or directory under its address. */
export interface Resource {
  /** Its path, encoded. */
  href: string;
  name: string;
  status: Pick<BigIntStats, 'size' | 'mtimeMs' | 'mtimeNs' | 'birthtimeMs'>;
  isDirectory: boolean;
}

/** The XML of what is asked for of each; `isWhole` is false when there are more of them than told. */
export function multistatus(resources: readonly Resource[], wanted: Propfind, isWhole = true): string {
  const more = isWhole ? [] : [{ 'D:href': resources[0]?.href ?? '/', 'D:status': 'HTTP/1.1 507 Insufficient Storage' }];
  const responses = [...resources.map((resource) => responseOf(resource, wanted)), ...more];
  return toXml({ 'D:multistatus': { '@xmlns:D': DAV, 'D:response': responses } });
}

function responseOf(resource: Resource, wanted: Propfind): XmlElement {
  const known = propertiesOf(resource);
  const isKnown = ({ namespace, name }: PropertyName): boolean => namespace === DAV && Object.hasOwn(known, name);
  const asked = wanted.kind === 'some' ? wanted.properties : Object.keys(known).map((name) => ({ namespace: DAV, name }));
  const found = asked.filter(isKnown).map(({ name }) => [`D:${name}`, wanted.kind === 'names' ? '' : (known[name] ?? '')] as const);
  const missing = asked.filter((property) => !isKnown(property));
  const parts = [
    ...(found.length > 0 || missing.length === 0 ? [{ 'D:prop': Object.fromEntries(found), 'D:status': 'HTTP/1.1 200 OK' }] : []),
    ...(missing.length > 0 ? [{ 'D:prop': emptyElements(missing), 'D:status': 'HTTP/1.1 404 Not Found' }] : []),
  ];
  return { 'D:href': resource.href, 'D:propstat': parts };
}

/** Properties without content, each with its own namespace. */
function emptyElements(properties: readonly PropertyName[]): XmlElement {
  return Object.fromEntries(properties.map(({ namespace, name }, index) => [`n${index}:${name}`, { [`@xmlns:n${index}`]: namespace }]));
}

/** The live properties of RFC 4918 that there are without locks. */
function propertiesOf({ name, status, isDirectory }: Resource): Record<string, string | XmlElement> {
  const both = {
    displayname: name,
    resourcetype: isDirectory ? { 'D:collection': '' } : '',
    creationdate: new Date(Number(status.birthtimeMs)).toISOString(),
    getlastmodified: lastModifiedOf(status),
    getetag: etagOf(status),
    supportedlock: '',
  };
  return isDirectory ? both : { ...both, getcontentlength: `${status.size}`, getcontenttype: contentTypeOf(name) };
}
