import type { FunctionAnswer, FunctionParameter, FunctionsAnswer } from '../answers.ts';
import { Failure, getJson } from './answer.ts';
import { byId, make, setText } from './elements.ts';
import { argumentsOf, matchingFunctions, wrap } from './explorer-wrap.ts';

/* The list of functions and the form for their arguments. */

let known: FunctionsAnswer | undefined;

/** Lets somebody choose a function for a target; calls `onChosen` with the target inside it. */
export async function chooseFunction(target: string, onChosen: (wrapped: string) => void): Promise<void> {
  const dialog = byId<HTMLDialogElement>('functions');
  const search = byId<HTMLInputElement>('function-search');
  byId('function-form').replaceChildren();
  dialog.showModal();
  search.value = '';
  search.focus();
  try {
    known ??= await getJson<FunctionsAnswer>('/api/functions');
  } catch (error) {
    return setText(byId('functions-note'), error instanceof Failure ? error.message : 'The console could not be asked.');
  }
  const { functions, source } = known;
  if (source === 'built-in') known = undefined; // the query service may tell next time
  const note = source === 'built-in' ? 'The query service did not say which functions it has; these are the usual ones.' : '';
  const show = (): void => {
    const matching = matchingFunctions(functions, search.value);
    setText(byId('functions-note'), `${matching.length} of ${functions.length} functions. ${note}`.trim());
    byId('function-list').replaceChildren(
      ...matching.map((chosen) => {
        const button = make('button', { type: 'button' }, make('strong', {}, chosen.name), make('small', {}, chosen.group));
        button.addEventListener('click', () =>
          showForm(chosen, target, (wrapped) => {
            dialog.close();
            onChosen(wrapped);
          }),
        );
        return make('li', {}, button);
      }),
    );
  };
  search.oninput = show;
  show();
}

function showForm(chosen: FunctionAnswer, target: string, onDone: (wrapped: string) => void): void {
  const parameters = argumentsOf(chosen);
  const fields = parameters.map((parameter, position) => fieldOf(parameter, position));
  const apply = make('button', { type: 'submit' }, 'Apply');
  const form = byId<HTMLFormElement>('function-form');
  form.replaceChildren(
    make('h3', {}, chosen.name),
    make('p', { class: 'signature' }, make('code', {}, chosen.signature)),
    make('p', {}, chosen.description),
    ...fields.map(({ element }) => element),
    apply,
  );
  form.onsubmit = (event) => {
    event.preventDefault();
    const given = parameters.map((parameter, position) => ({ parameter, value: fields[position]?.input.value.trim() ?? '' }));
    onDone(wrap(chosen, target, given));
  };
  (fields[0]?.input ?? apply).focus();
}

function fieldOf(parameter: FunctionParameter, position: number): { element: HTMLElement; input: HTMLInputElement | HTMLSelectElement } {
  const id = `argument-${position}`;
  const input = inputOf(parameter, id);
  const words = `${parameter.name}${parameter.required ? '' : ' (optional)'}${parameter.multiple ? ', several by commas' : ''}`;
  const list = make('datalist', { id: `${id}-list` }, ...parameter.suggestions.map((value) => make('option', { value })));
  if (parameter.suggestions.length > 0) input.setAttribute('list', `${id}-list`);
  return { element: make('label', {}, make('span', {}, words, ' ', make('small', { class: 'quiet' }, parameter.type)), input, list), input };
}

function inputOf({ type, options, initial, required }: FunctionParameter, id: string): HTMLInputElement | HTMLSelectElement {
  const choices = type === 'boolean' ? ['true', 'false'] : options;
  if (choices.length === 0) {
    const input = make('input', { id, value: initial, spellcheck: 'false', autocomplete: 'off' });
    input.required = required;
    return input;
  }
  const select = make('select', { id }, ...(required ? [] : [make('option', { value: '' }, '–')]), ...choices.map((value) => make('option', { value }, value)));
  select.value = choices.includes(initial) ? initial : (select.options[0]?.value ?? '');
  return select;
}
