import { XMLBuilder } from 'fast-xml-parser';

/** Elements by name; `@name` is an attribute, `#text` the text beside attributes, a list is an element repeated. */
export interface XmlElement {
  [name: string]: string | XmlElement | XmlElement[];
}

const builder = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: '@', format: true, indentBy: ' ', suppressEmptyNode: false });

/** What XML 1.0 has no way to write, not even escaped: https://www.w3.org/TR/xml/#charsets */
const UNWRITABLE = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;

/** A document in UTF-8. Texts may hold anything: they are escaped, and what XML cannot hold is replaced. */
export function toXml(root: XmlElement): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build(writable(root))}`;
}

function writable(value: string | XmlElement | XmlElement[]): string | XmlElement | XmlElement[] {
  if (typeof value === 'string') return value.replace(UNWRITABLE, '\ufffd');
  if (Array.isArray(value)) return value.map((each) => writable(each) as XmlElement);
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, writable(each)]));
}
