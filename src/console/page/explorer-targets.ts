import { byId, make } from './elements.ts';
import { chooseFunction } from './explorer-functions.ts';
import { targetFault, type Target } from './explorer-state.ts';
import { HUES } from './series-plot.ts';

/* The list of targets: written, hidden, coloured, moved, removed. */

export interface TargetList {
  /** Shows these; what somebody writes at the moment is left alone. */
  show: (targets: readonly Target[]) => void;
  /** Says under each target what is wrong with it; empty for nothing. */
  showProblems: (problems: readonly string[]) => void;
}

/** Keeps the list on the page; `onChange` is given the whole list after each change. */
export function targetList(onChange: (targets: Target[], what: string) => void): TargetList {
  let targets: Target[] = [];
  let problems: readonly string[] = [];
  const change = (next: Target[], what: string): void => {
    targets = next;
    draw();
    onChange(targets, what);
  };
  const replace = (index: number, part: Partial<Target>, what: string): void =>
    change(
      targets.map((target, at) => (at === index ? { ...target, ...part } : target)),
      what,
    );
  const move = (index: number, by: number): void => {
    const next = [...targets];
    const [moved] = next.splice(index, 1);
    if (moved === undefined) return;
    next.splice(index + by, 0, moved);
    change(next, `Moved to place ${index + by + 1}`);
    document.querySelector<HTMLElement>(`#targets > li:nth-child(${index + by + 1}) [data-move="${by}"]`)?.focus();
  };
  const draw = (): void => {
    byId('no-targets').hidden = targets.length > 0;
    byId('targets').replaceChildren(...targets.map((target, index) => itemOf(target, index)));
  };
  const itemOf = (target: Target, index: number): HTMLElement => {
    const id = `target-${index}`;
    const text = make('textarea', { id, rows: '1', spellcheck: 'false', autocapitalize: 'off', 'aria-label': `Target ${index + 1}` });
    text.value = target.text;
    text.rows = Math.min(6, Math.ceil(target.text.length / 60) || 1);
    text.addEventListener('change', () => replace(index, { text: text.value.trim() }, 'Changed'));
    text.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey) return;
      event.preventDefault();
      text.blur();
    });
    const problem = problems[index] ?? '';
    const note = make('p', { id: `${id}-problem`, class: 'problem' }, problem);
    note.hidden = problem === '';
    if (problem !== '') {
      text.setAttribute('aria-invalid', 'true');
      text.setAttribute('aria-describedby', note.id);
    }
    return make('li', { class: target.hidden ? 'hidden-target' : '' }, text, controlsOf(target, index), note);
  };
  const controlsOf = (target: Target, index: number): HTMLElement => {
    const name = `target ${index + 1}`;
    const button = (label: string, sign: string, action: () => void, disabled = false): HTMLButtonElement => {
      const made = make('button', { type: 'button', class: 'plain small', 'aria-label': `${label} ${name}`, title: label }, sign);
      made.disabled = disabled;
      made.addEventListener('click', action);
      return made;
    };
    const colours = make(
      'select',
      { 'aria-label': `Colour of ${name}`, class: 'small' },
      ...['colour', ...HUES].map((hue, at) => make('option', { value: String(at) }, hue)),
    );
    colours.value = String(target.hue);
    colours.addEventListener('change', () => replace(index, { hue: Number(colours.value) }, 'Coloured'));
    const hide = button(target.hidden ? 'Show' : 'Hide', target.hidden ? 'Show' : 'Hide', () =>
      replace(index, { hidden: !target.hidden }, target.hidden ? 'Shown' : 'Hidden'),
    );
    hide.setAttribute('aria-pressed', String(target.hidden));
    const apply = button(
      'f(x): apply a function to',
      'f(x)',
      () => void chooseFunction(target.text, (wrapped) => replace(index, { text: wrapped }, 'Function applied')),
    );
    const up = button('Move up', '↑', () => move(index, -1), index === 0);
    const down = button('Move down', '↓', () => move(index, 1), index === targets.length - 1);
    up.dataset['move'] = '-1';
    down.dataset['move'] = '1';
    const remove = button('Remove', '×', () =>
      change(
        targets.filter((_, at) => at !== index),
        'Removed',
      ),
    );
    return make('div', { class: 'target-controls' }, apply, colours, hide, up, down, remove);
  };
  byId('add-target').addEventListener('click', () => {
    targets = [...targets, { text: '', hidden: false, hue: 0 }];
    problems = [];
    draw();
    byId('targets').querySelector<HTMLElement>('li:last-child textarea')?.focus();
  });
  return {
    show(next) {
      targets = [...next];
      problems = targets.map(({ text }) => targetFault(text));
      draw();
    },
    showProblems(next) {
      if (next.join('\n') === problems.join('\n')) return;
      problems = next;
      // Somebody writes: the field stays as it is until it is left.
      if (document.activeElement?.closest('#targets') instanceof HTMLElement && document.activeElement.tagName === 'TEXTAREA') return;
      draw();
    },
  };
}
