/*
 * Makes a part of the page like a fresh copy of it from the server, changing only what differs: what has the focus keeps
 * it, what was selected or scrolled stays so. Elements are told apart by their id or `data-key`; what is marked `data-keep`
 * belongs to a script and is left alone.
 */

/** Attributes that people and scripts change. */
const LEFT_ALONE: ReadonlySet<string> = new Set(['open', 'data-busy']);

/** Changes an element into a copy of another one of the same kind. */
export function morph(old: Element, fresh: Element): void {
  const focused = document.activeElement;
  morphElement(old, fresh);
  // An element that was moved has lost it.
  if (focused instanceof HTMLElement && focused.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true });
}

function morphElement(old: Element, fresh: Element): void {
  if (old.hasAttribute('data-keep')) return;
  morphAttributes(old, fresh);
  if (old.isEqualNode(fresh)) return;
  morphChildren(old, fresh);
}

function morphAttributes(old: Element, fresh: Element): void {
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && !LEFT_ALONE.has(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value && !LEFT_ALONE.has(name)) old.setAttribute(name, value);
}

function morphChildren(old: Element, fresh: Element): void {
  const keyed = new Map([...old.children].flatMap((child) => (keyOf(child) === undefined ? [] : [[keyOf(child), child] as const])));
  const wanted = new Set([...fresh.children].map(keyOf));
  let next = old.firstChild;
  for (const node of [...fresh.childNodes]) {
    // One that is not wanted any more does not stand in the way of its neighbours.
    while (next instanceof Element && keyOf(next) !== undefined && !wanted.has(keyOf(next))) next = removed(next);
    const match = matchOf(node, next, keyed);
    if (match === undefined) old.insertBefore(document.importNode(node, true), next);
    else {
      if (match === next) next = next.nextSibling;
      else old.insertBefore(match, next);
      if (match instanceof Element) morphElement(match, node as Element);
      else if (match.nodeValue !== node.nodeValue) match.nodeValue = node.nodeValue;
    }
  }
  while (next !== null) next = removed(next);
}

function matchOf(node: Node, next: Node | null, keyed: ReadonlyMap<string | undefined, Element>): Node | undefined {
  const key = node instanceof Element ? keyOf(node) : undefined;
  if (key !== undefined) {
    const known = keyed.get(key);
    return known?.nodeName === node.nodeName ? known : undefined;
  }
  if (next === null || next.nodeName !== node.nodeName || (next instanceof Element && keyOf(next) !== undefined)) return undefined;
  return next;
}

function keyOf(element: Element): string | undefined {
  return (element.getAttribute('data-key') ?? element.id) || undefined;
}

function removed(node: ChildNode): ChildNode | null {
  const next = node.nextSibling;
  node.remove();
  return next;
}
