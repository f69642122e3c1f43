/** The element with this id; the page and this script belong together, so it is there. */
export function byId<Element extends HTMLElement>(id: string): Element {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The page has no #${id}.`);
  return element as Element;
}

/** Makes an element; text is set as text and never as markup. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Record<string, string> = {},
  ...content: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  element.append(...content);
  return element;
}

/** One of the icons drawn in index.html. */
export function icon(name: string): SVGSVGElement {
  const svg = svgElement('svg', { 'aria-hidden': 'true' });
  svg.append(svgElement('use', { href: `#icon-${name}` }));
  return svg;
}

/** A square in the colour of a line. Hollow for what is drawn below zero. */
export function swatch(hue: number, hollow: boolean): SVGSVGElement {
  const svg = svgElement('svg', { 'aria-hidden': 'true', viewBox: '0 0 12 12' });
  svg.append(svgElement('rect', { class: `swatch-${hue}${hollow ? ' hollow' : ''}`, x: '1', y: '1', width: '10', height: '10', rx: '3' }));
  return svg;
}

function svgElement<Name extends keyof SVGElementTagNameMap>(name: Name, attributes: Record<string, string>): SVGElementTagNameMap[Name] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  return element;
}

/** Sets the text when it changed, so that a screen reader says only what is new. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Shows the element with this text, or hides it when there is nothing to say. */
export function showNotice(element: HTMLElement, text: string): void {
  setText(element, text);
  element.hidden = text === '';
}
