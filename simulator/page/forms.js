// Forms of the controls.

import { h } from './dom.js';

/** field is a labelled input. */
export function field(label, input) {
  return h('label', { class: 'field' }, h('span', {}, label), input);
}

/** values reads a form: numbers of seconds as Go spells them, boxes as true or false. */
export function values(form, { durations = [], numbers = [] } = {}) {
  const all = {};
  for (const input of form.elements) {
    if (!input.name || (input.value === '' && input.type !== 'checkbox')) continue;
    if (input.type === 'checkbox') all[input.name] = input.checked;
    else if (durations.includes(input.name)) all[input.name] = `${input.value}s`;
    else all[input.name] = numbers.includes(input.name) ? Number(input.value) : input.value;
  }
  return all;
}

export function form(submit, ...children) {
  return h('form', { onsubmit: (e) => { e.preventDefault(); submit(e.currentTarget); } }, children);
}
