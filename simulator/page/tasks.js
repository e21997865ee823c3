// TaskRouter as it is: the waiting line, the agents, the tasks, workspace by workspace.

import { byId, h, list, setAttribute, setSince, setText, short, since } from './dom.js';
import { openStory } from './story.js';

const few = 8; // rows of each list at first
const most = 200; // and when all are wanted

const storyButton = (text, sid, title = sid) =>
  h('button', { type: 'button', class: 'name', title, onclick: () => openStory(sid) }, text);

/** plain shortens a task's attributes to what a reader looks for: values, without braces and quotes. */
function plain(attributes) {
  if (!attributes || attributes === '{}') return '';
  return attributes.replace(/^\{|\}$/g, '').replace(/"/g, '').replace(/,(?=\S)/g, ', ').replace(/:(?=\S)/g, ': ');
}

const place = (task) => [task.queue, task.targets > 1 && `target ${task.target} of ${task.targets}`].filter(Boolean).join(', ');

function makeWaiting(task) {
  const row = h('li', { class: 'waiting' },
    h('span', { class: 'place' }), storyButton(short(task.sid), task.sid),
    h('span', { class: 'what' }), h('span', { class: 'priority' }), since(task.created_at),
    h('span', { class: 'detail mono' }));
  [row.place, , row.what, row.priority, row.age, row.detail] = row.children;
  return row;
}

function updateWaiting(row, task) {
  setText(row.place, String(task.place));
  setText(row.what, place(task));
  setText(row.priority, task.priority ? `priority ${task.priority}` : '');
  setSince(row.age, task.virtual_start_time);
  setText(row.detail, plain(task.attributes));
}

function makeAgent(agent) {
  const row = h('li', { class: 'agent' },
    h('span', { class: 'light', 'aria-hidden': 'true' }), storyButton(agent.name, agent.party, agent.sid),
    h('span', { class: 'status' }), since(agent.status_since), h('span', { class: 'capacity' }), h('ul', { class: 'held' }));
  [row.light, , row.status, row.since, row.capacity, row.held] = row.children;
  return row;
}

function updateAgent(row, agent) {
  setAttribute(row, 'data-is', agent.reservations.length ? 'busy' : agent.available ? 'free' : 'away');
  setText(row.status, agent.status);
  setSince(row.since, agent.status_since);
  // Of the five channels that everybody has, those with tasks; or the first that is used anywhere.
  const channels = agent.channels.filter((c) => c.tasks);
  setText(row.capacity, channels.map((c) => `${c.name} ${c.tasks}/${c.capacity}`).join(', '));
  list(row.held, agent.reservations, { key: (r) => r.sid, make: makeReservation, update: updateReservation });
}

function makeReservation(r) {
  const row = h('li', {}, h('span', { class: 'status' }), ' ', storyButton(short(r.task_sid), r.task_sid), ' ', since(r.status_since));
  [row.status, , row.since] = row.children;
  return row;
}

function updateReservation(row, r) {
  setText(row.status, r.status === 'pending' ? 'offered' : r.status);
  setSince(row.since, r.status_since);
}

function makeTask(task) {
  const row = h('li', { class: 'task' }, storyButton(short(task.sid), task.sid),
    h('span', { class: 'status' }), h('span', { class: 'what' }), since(task.updated_at), h('span', { class: 'detail mono' }));
  [, row.status, row.what, row.since, row.detail] = row.children;
  return row;
}

function updateTask(row, task) {
  const holder = task.reservations.at(-1);
  setText(row.status, task.status);
  setText(row.what, [place(task), holder && `${holder.agent} ${holder.status}`].filter(Boolean).join(', '));
  setSince(row.since, task.updated_at);
  setText(row.detail, task.reason ? `reason: ${task.reason}` : plain(task.attributes));
}

const statuses = ['pending', 'reserved', 'assigned', 'wrapping', 'completed', 'canceled'];
let wanted = ''; // status of the tasks to list; '': those with an agent
let chosen = ''; // SID of the workspace

function makeBlock() {
  const block = h('div', {},
    h('h3', { class: 'minor' }, 'Waiting line ', h('span', { class: 'count' })), h('ol', { class: 'rows' }), moreOf(),
    h('h3', { class: 'minor' }, 'Agents ', h('span', { class: 'count' })), h('ul', { class: 'rows' }), moreOf(),
    h('h3', { class: 'minor' }, 'Tasks'), h('div', { class: 'chips', role: 'group', 'aria-label': 'Tasks by status' }),
    h('ul', { class: 'rows' }), moreOf());
  const [waiting, agents, tasks] = block.querySelectorAll('.rows');
  const [moreWaiting, moreAgents, moreTasks] = block.querySelectorAll('.more');
  const [waitingCount, agentsCount] = block.querySelectorAll('.count');
  const chips = block.querySelector('.chips');
  for (const status of statuses) {
    const chip = h('button', { type: 'button', 'aria-pressed': 'false', 'data-status': status, onclick: () => choose(status) },
      h('b', {}, '0'), ` ${status}`);
    chips.append(chip);
  }
  return Object.assign(block, { waiting, agents, tasks, moreWaiting, moreAgents, moreTasks, waitingCount, agentsCount, chips });
}

let again = () => {};
function choose(status) {
  wanted = wanted === status ? '' : status;
  again();
}

/** moreOf is what stands below a list that is not shown in full, or is empty. */
function moreOf() {
  const button = h('button', { type: 'button', class: 'link', onclick: () => { more.all = !more.all; again(); } });
  const text = h('span', {});
  const more = Object.assign(h('p', { class: 'more' }, button, text), { all: false, button, text });
  return more;
}

function upTo(parent, more, items, how, empty) {
  const limit = more.all ? most : few;
  list(parent, items.slice(0, limit), how);
  more.hidden = items.length > 0 && items.length <= few;
  more.button.hidden = items.length <= few;
  setText(more.button, more.all ? 'Show fewer' : `Show ${items.length - few} more`);
  setText(more.text, !items.length ? empty : more.all && items.length > most ? ` (${items.length - most} are not shown)` : '');
}

export function showTasks(state) {
  again = () => showTasks(state);
  const parent = byId('work');
  const select = byId('workspace');
  if (!state.workspaces.length) {
    select.hidden = true;
    parent.replaceChildren(h('div', { class: 'empty' }, h('h3', {}, 'No workspace yet'),
      h('p', {}, 'Agents, the waiting line and tasks show here once a TaskRouter workspace has been created.')));
    parent.block = null;
    return;
  }
  const ws = state.workspaces.find((w) => w.sid === chosen) ?? state.workspaces[0];
  select.hidden = state.workspaces.length === 1;
  list(select, state.workspaces, { key: (w) => w.sid, make: (w) => h('option', { value: w.sid }, w.name) });
  select.value = ws.sid;
  select.onchange = () => {
    chosen = select.value;
    again();
  };
  if (!parent.block) {
    parent.block = makeBlock();
    parent.replaceChildren(parent.block);
  }
  const { block } = parent;
  const tasks = new Map(ws.tasks.map((t) => [t.sid, t]));
  const waiting = ws.waiting.map((sid, i) => ({ ...tasks.get(sid), place: i + 1 })).filter((t) => t.sid);
  setText(block.waitingCount, String(waiting.length));
  upTo(block.waiting, block.moreWaiting, waiting, { key: (t) => t.sid, make: makeWaiting, update: updateWaiting }, 'Nobody waits.');

  // Those at work first; otherwise as they were created.
  const rank = (a) => (a.reservations.length ? 0 : a.available ? 1 : 2);
  const agents = ws.agents.map((a, i) => [a, i]).sort(([a, i], [b, j]) => rank(a) - rank(b) || i - j).map(([a]) => a);
  setText(block.agentsCount, `${ws.agents.filter((a) => a.available).length} of ${ws.agents.length} available`);
  upTo(block.agents, block.moreAgents, agents, { key: (a) => a.sid, make: makeAgent, update: updateAgent }, 'No agents.');

  const count = (status) => ws.tasks.filter((t) => t.status === status).length;
  for (const chip of block.chips.children) {
    setText(chip.firstChild, String(count(chip.dataset.status)));
    setAttribute(chip, 'aria-pressed', String(chip.dataset.status === wanted));
  }
  const held = ['reserved', 'assigned', 'wrapping'];
  const rows = ws.tasks.filter((t) => (wanted ? t.status === wanted : held.includes(t.status))).reverse();
  upTo(block.tasks, block.moreTasks, rows, { key: (t) => t.sid, make: makeTask, update: updateTask },
    wanted ? `None is ${wanted}.` : 'None is with an agent.');
}
