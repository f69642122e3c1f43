import type { SearchAnswer, TreeNode } from '../answers.ts';
import { Failure, getJson } from './answer.ts';
import { byId, make, setText, showNotice } from './elements.ts';
import { metricTree, type MetricTree } from './explorer-tree.ts';

/** The pane with the tree, its filter and the search. Returns what marks shown metrics in it. */
export function namesPane(onMetric: (path: string) => void): Pick<MetricTree, 'mark'> {
  const filter = byId<HTMLInputElement>('filter');
  const tree = metricTree(byId('tree'), {
    onMetric: (node) => onMetric(node.path),
    onLevel({ parent, filter: text, total }) {
      const where = parent === '' ? 'first level' : parent;
      setText(byId('filter-label'), `Filter ${where}`);
      const count = total === undefined ? '' : ` (${total.toLocaleString()})`;
      filter.placeholder = `Filter ${where}${count}`;
      if (document.activeElement !== filter) filter.value = text;
    },
  });
  tree.reload();
  filter.addEventListener(
    'input',
    debounced(250, () => tree.filter(filter.value.trim())),
  );
  filter.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowDown' && event.key !== 'Enter') return;
    event.preventDefault();
    byId('tree').focus();
  });
  takeSearch(tree, onMetric);
  return tree;
}

/** Calls the function when it was not called again for so long. */
export function debounced(milliseconds: number, work: () => void): () => void {
  let timer: number | undefined;
  return () => {
    clearTimeout(timer);
    timer = window.setTimeout(work, milliseconds);
  };
}

function takeSearch(tree: MetricTree, onMetric: (path: string) => void): void {
  const input = byId<HTMLInputElement>('search-text');
  let asked = '';
  const close = (): void => {
    asked = '';
    byId('found').hidden = true;
    byId('browse').hidden = false;
    showNotice(byId('names-problem'), '');
  };
  const run = async (): Promise<void> => {
    const text = input.value.trim();
    if (text === '') return close();
    if (text === asked) return;
    asked = text;
    byId('browse').hidden = true;
    byId('found').hidden = false;
    byId('found').replaceChildren(make('p', { class: 'quiet', role: 'status' }, 'Searching…'));
    try {
      const answer = await getJson<SearchAnswer>(`/api/search?${new URLSearchParams({ query: text }).toString()}`);
      if (asked !== text) return;
      showNotice(byId('names-problem'), '');
      const choose = (node: TreeNode): void => {
        if (node.isMetric) return onMetric(node.path);
        input.value = '';
        close();
        void tree.reveal(node.path);
      };
      byId('found').replaceChildren(...foundElements(answer, choose));
    } catch (error) {
      if (asked !== text) return;
      asked = '';
      byId('found').replaceChildren();
      showNotice(byId('names-problem'), error instanceof Failure ? error.message : 'The console could not be asked.');
    }
  };
  byId('search').addEventListener('submit', (event) => {
    event.preventDefault();
    asked = '';
    void run();
  });
  input.addEventListener(
    'input',
    debounced(400, () => void run()),
  );
}

function foundElements({ nodes, levels, left }: SearchAnswer, choose: (node: TreeNode) => void): HTMLElement[] {
  const summary = nodes.length === 0 ? `Nothing found in the first ${levels} parts of names.` : `${nodes.length} found`;
  const items = nodes.map((node) => {
    const button = make('button', { type: 'button', class: 'found-name', title: node.path }, make('span', {}, node.path));
    button.append(make('small', { class: 'quiet' }, node.isMetric ? '+' : 'folder'));
    if (node.isMetric) button.setAttribute('aria-label', `Add ${node.path}`);
    button.addEventListener('click', () => choose(node));
    return make('li', {}, button);
  });
  return [
    make('p', { class: 'quiet', role: 'status' }, [summary, ...left].join(' · ')),
    make('ul', { class: 'found-names', 'aria-label': 'Names found' }, ...items),
  ];
}
