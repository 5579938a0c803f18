/**
 * Elements without a framework. Text only ever becomes text nodes, so a file named `<img onerror=…>` is shown, never run.
 */
type Child = Node | string | undefined | false;
type Props = Readonly<Record<string, string | number | boolean | undefined | ((event: Event) => void)>>;

/** `h('button', { class: 'primary', onclick: stop }, 'Stop')`. Functions become listeners, the rest attributes. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props?: Props, ...children: Child[]): HTMLElementTagNameMap[K];
export function h(tag: string, props?: Props, ...children: Child[]): HTMLElement;
export function h(tag: string, props: Props = {}, ...children: Child[]): HTMLElement {
  return filled(document.createElement(tag), props, children);
}

/** The same for SVG. */
export function svg(tag: string, props: Props = {}, ...children: Child[]): SVGElement {
  return filled(document.createElementNS('http://www.w3.org/2000/svg', tag), props, children);
}

function filled<T extends Element>(node: T, props: Props, children: readonly Child[]): T {
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === false) continue;
    if (typeof value === 'function') node.addEventListener(name.replace(/^on/, ''), value);
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(...children.filter((child): child is Node | string => child !== undefined && child !== false && child !== ''));
  return node;
}

/** A file name for display: control and direction-turning characters are made visible by CSS isolation and here. */
export const bare = (text: string): string => text.replace(/[\u0000-\u001f\u007f\u202a-\u202e\u2066-\u2069]/g, '\u{fffd}');

/** Sets the text only when it changed: screen readers announce live regions on every write. */
export function setText(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}
