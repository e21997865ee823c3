// TaskRouter's official library for browsers, unmodified, against the simulator's event bridge. It runs in Node.js as in
// a page, but for the socket, which is the module ws there.
//
// It is started by simulator/browser/bridge_node_test.go, or by hand: SIMULATOR_URL=http://127.0.0.1:8090 npm test
import assert from "node:assert/strict";
import { createServer, connect as dial } from "node:net";
import { describe, test } from "node:test";
import TaskRouter from "twilio-taskrouter";
import twilio from "twilio";
import { connect } from "./simulator.mjs";

const accountSid = process.env.TWILIO_ACCOUNT_SID ?? "AC00000000000000000000000000000001";
const authToken = process.env.TWILIO_AUTH_TOKEN ?? "0123456789abcdef0123456789abcdef";
const client = connect(process.env.SIMULATOR_URL, accountSid, authToken);
const bridge = new URL(process.env.SIMULATOR_URL);
const key = await client.newKeys.create({ friendlyName: "taskrouter.test" });

const customer = "+447700900002"; // answers, and stays
const ourNumber = "+442079460001";
const patience = 30_000;

// event waits for one of an emitter, and gives what came with it.
function event(emitter, name, when = () => true) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`waited ${patience / 1000} s for ${name}`)), patience);
    const listen = (about) => {
      if (!when(about)) return;
      clearTimeout(late);
      emitter.removeListener(name, listen);
      resolve(about);
    };
    emitter.on(name, listen);
  });
}

// callCentre is a workspace of its own with agents who are available; anna's softphone answers.
async function callCentre(names = ["anna"], { timeout = 120, reserved = 1, capacity = 1 } = {}) {
  const made = await client.taskrouter.v1.workspaces.create({ friendlyName: "SDK" });
  const workspace = client.taskrouter.v1.workspaces(made.sid);
  const activities = Object.fromEntries((await workspace.activities.list()).map((a) => [a.friendlyName, a.sid]));
  const queue = await workspace.taskQueues.create({ friendlyName: "all", maxReservedWorkers: reserved });
  const workflow = await workspace.workflows.create({
    friendlyName: "one",
    configuration: JSON.stringify({ task_routing: { default_filter: { queue: queue.sid } } }),
    taskReservationTimeout: timeout,
  });
  const agents = {};
  for (const name of names) {
    const attributes = JSON.stringify({ contact_uri: `client:${name}` });
    const agent = await workspace.workers.create({ friendlyName: name, activitySid: activities.Available, attributes });
    await workspace.workers(agent.sid).workerChannels("voice").update({ capacity });
    agents[name] = agent.sid;
  }
  const task = (attributes = {}) =>
    workspace.tasks.create({ workflowSid: workflow.sid, taskChannel: "voice", attributes: JSON.stringify(attributes) });
  return { sid: made.sid, workspace, activities, queue: queue.sid, workflow: workflow.sid, agents, task };
}

function token(centre, agent, { role = "worker", ttl = 3600 } = {}) {
  const made = new twilio.jwt.AccessToken(accountSid, key.sid, key.secret, { identity: "anna", ttl });
  made.addGrant(new twilio.jwt.AccessToken.TaskRouterGrant({ workspaceSid: centre.sid, workerSid: agent, role }));
  return made.toJwt();
}

const at = (address) => ({ ebServer: `http://${address}/v1/wschannels`, wsServer: `ws://${address}/v1/wschannels`, logLevel: "silent" });

// worker is the SDK's Worker, ready. It is disconnected when the test ends.
async function worker(t, centre, { agent = centre.agents.anna, address = bridge.host, ttl, ...options } = {}) {
  const made = new TaskRouter.Worker(token(centre, agent, { ttl }), { ...at(address), ...options });
  t.after(() => made.disconnect());
  made.on("error", () => {});
  await event(made, "ready");
  return made;
}

// network passes bytes on to the bridge, and can break.
async function network(t) {
  const open = new Set();
  const server = createServer((from) => {
    const to = dial(bridge.port, bridge.hostname);
    for (const [socket, other] of [[from, to], [to, from]]) {
      open.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        open.delete(socket);
        other.destroy();
      });
    }
    from.pipe(to).pipe(from);
  });
  const cut = () => open.forEach((socket) => socket.destroy());
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  t.after(() => {
    server.close();
    cut();
  });
  return { address: `127.0.0.1:${server.address().port}`, cut };
}

describe("twilio-taskrouter", { concurrency: true }, () => {
  test("ready", async (t) => {
    const centre = await callCentre();
    const anna = await worker(t, centre);
    assert.equal(anna.sid, centre.agents.anna);
    assert.equal(anna.name, "anna");
    assert.deepEqual(anna.attributes, { contact_uri: "client:anna" });
    assert.deepEqual([...anna.activities.values()].map((a) => a.name).sort(), ["Available", "Offline", "Unavailable"]);
    assert.equal(anna.activity.name, "Available");
    assert.equal(anna.channels.size, 5);
    assert.equal(anna.reservations.size, 0);
    assert.ok(Math.abs(Date.now() - anna.dateCreated.valueOf()) < 3600_000);
  });

  test("activities and attributes, by the SDK and by REST", async (t) => {
    const centre = await callCentre();
    const anna = await worker(t, centre, { enableVersionCheck: true });
    await anna.activities.get(centre.activities.Offline).setAsCurrent();
    assert.equal(anna.activity.name, "Offline");
    const agent = centre.workspace.workers(anna.sid);
    assert.equal((await agent.fetch()).activityName, "Offline");
    let updated = event(anna, "activityUpdated", () => anna.activity.name === "Available");
    await agent.update({ activitySid: centre.activities.Available });
    await updated;
    await anna.setAttributes({ contact_uri: "client:anna", skills: ["uk"] });
    assert.deepEqual(JSON.parse((await agent.fetch()).attributes).skills, ["uk"]);
    updated = event(anna, "attributesUpdated", () => anna.attributes.x === 1);
    await agent.update({ attributes: JSON.stringify({ x: 1 }) });
    await updated;
    const voice = [...anna.channels.values()].find((c) => c.taskChannelUniqueName === "voice");
    updated = event(voice, "capacityUpdated");
    await agent.workerChannels("voice").update({ capacity: 7 });
    await updated;
    assert.equal(voice.capacity, 7);
    await anna.activities.get(centre.activities.Offline).setAsCurrent(); // the version has been counted right
  });

  test("accept, wrap, complete", async (t) => {
    const centre = await callCentre();
    const anna = await worker(t, centre, { enableVersionCheck: true });
    const created = event(anna, "reservationCreated");
    const task = await centre.task({ name: "Ann" });
    const reservation = await created;
    assert.equal(reservation.status, "pending");
    assert.equal(reservation.timeout, 120);
    assert.equal(reservation.task.sid, task.sid);
    assert.equal(reservation.task.status, "reserved");
    assert.equal(reservation.task.queueName, "all");
    assert.deepEqual(reservation.task.attributes, { name: "Ann" });
    const seen = [];
    for (const name of ["accepted", "wrapup", "completed"]) reservation.on(name, (r) => seen.push(`${name} ${r.status}`));
    for (const [step, status] of [["accept", "accepted"], ["wrap", "wrapping"], ["complete", "completed"]]) {
      const told = event(reservation, { accept: "accepted", wrap: "wrapup", complete: "completed" }[step]);
      await reservation[step]();
      await told;
      assert.equal(reservation.status, status);
    }
    assert.deepEqual(seen, ["accepted accepted", "wrapup wrapping", "completed completed"]);
    assert.equal(reservation.task.status, "completed");
    assert.equal(anna.reservations.size, 0);
    await assert.rejects(reservation.accept(), /40[0-9]|412/);
  });

  test("task: attributes, wrapUp, complete", async (t) => {
    const centre = await callCentre();
    const anna = await worker(t, centre);
    const created = event(anna, "reservationCreated");
    await centre.task();
    const reservation = await created;
    await reservation.accept();
    await reservation.task.setAttributes({ note: "x" });
    assert.deepEqual(reservation.task.attributes, { note: "x" });
    const wrapped = event(reservation.task, "wrapup");
    await reservation.task.wrapUp({ reason: "talked" });
    await wrapped;
    const completed = event(reservation, "completed");
    await reservation.task.complete("done");
    await completed;
    assert.equal(reservation.task.reason, "done");
  });

  test("reject, and what else ends an offer", async (t) => {
    const centre = await callCentre(["anna", "ben"], { reserved: 2 });
    const [anna, ben] = [await worker(t, centre), await worker(t, centre, { agent: centre.agents.ben })];
    let offers = [event(anna, "reservationCreated"), event(ben, "reservationCreated")];
    await centre.task();
    let [annas, bens] = await Promise.all(offers);
    const rescinded = event(annas, "rescinded");
    await bens.accept();
    await rescinded;
    assert.equal(anna.reservations.size, 0);

    offers = event(anna, "reservationCreated");
    const task = await centre.task();
    annas = await offers;
    const canceled = event(annas, "canceled");
    await centre.workspace.tasks(task.sid).update({ assignmentStatus: "canceled", reason: "gave up" });
    await canceled;

    offers = event(anna, "reservationCreated");
    await centre.task();
    annas = await offers;
    const [rejected, away] = [event(annas, "rejected"), event(anna, "activityUpdated")];
    await annas.reject({ activitySid: centre.activities.Unavailable });
    await Promise.all([rejected, away]);
    assert.equal(anna.activity.name, "Unavailable");
    assert.equal((await centre.workspace.workers(anna.sid).fetch()).activityName, "Unavailable");
  });

  test("timeout", async (t) => {
    const centre = await callCentre(["anna"], { timeout: 1 });
    const anna = await worker(t, centre);
    const created = event(anna, "reservationCreated");
    const away = event(anna, "activityUpdated");
    await centre.task();
    const reservation = await created;
    await event(reservation, "timeout");
    await away;
    assert.equal(anna.activity.name, "Offline"); // Twilio moves them away
  });

  test("conference", async (t) => {
    const centre = await callCentre();
    const anna = await worker(t, centre);
    const created = event(anna, "reservationCreated");
    const sid = await anna.createTask(customer, ourNumber, centre.workflow, centre.queue, { taskChannelUniqueName: "voice" });
    const reservation = await created;
    assert.equal(reservation.task.sid, sid);
    const accepted = event(reservation, "accepted");
    const joined = event(reservation.task, "updated", (task) => task.attributes.conference);
    await reservation.conference({ from: ourNumber, endConferenceOnExit: true });
    await accepted;
    const { conference } = (await joined).attributes;
    const legs = client.conferences(conference.sid).participants;
    const leg = client.conferences(conference.sid).participants(conference.participants.worker);
    await reservation.updateParticipant({ mute: true });
    assert.equal((await leg.fetch()).muted, true);
    await reservation.task.updateParticipant({ hold: true });
    assert.equal((await legs.get(conference.participants.customer).fetch()).hold, true);
    const wrapped = event(reservation, "wrapup");
    await client.calls(conference.participants.worker).update({ status: "completed" });
    await wrapped;
    await reservation.complete();
  });

  test("the network breaks", async (t) => {
    const centre = await callCentre(["anna"], { capacity: 3 });
    const wire = await network(t);
    const anna = await worker(t, centre, { address: wire.address });
    const sids = [];
    for (let i = 0; i < 2; i++) {
      const created = event(anna, "reservationCreated");
      await centre.task();
      sids.push((await created).sid);
    }
    await anna.reservations.get(sids[1]).accept();
    const [gone, back] = [event(anna, "disconnected"), event(anna, "ready")];
    wire.cut();
    await gone;
    await centre.workspace.workers(anna.sid).reservations(sids[0]).update({ reservationStatus: "accepted" });
    await centre.workspace.workers(anna.sid).reservations(sids[1]).update({ reservationStatus: "completed" });
    await back;
    assert.deepEqual([...anna.reservations.values()].map((r) => `${r.sid} ${r.status}`), [`${sids[0]} accepted`]);
    const created = event(anna, "reservationCreated"); // the new socket lives
    await centre.task();
    await created;
  });

  test("the token expires", async (t) => {
    const centre = await callCentre();
    // The SDK starts the old token's time again when it is given a new one: below ten seconds it would not come back.
    const anna = await worker(t, centre, { ttl: 12 });
    await event(anna, "tokenExpired"); // five seconds early
    const [gone, back] = [event(anna, "disconnected"), event(anna, "ready")];
    anna.updateToken(token(centre, anna.sid));
    assert.match((await gone).message, /expired/);
    await back;
    await anna.activities.get(centre.activities.Offline).setAsCurrent();
  });

  test("the token expires, and there is no other", async (t) => {
    const centre = await callCentre();
    const anna = await worker(t, centre, { ttl: 7 });
    await event(anna, "tokenExpired");
    await event(anna, "disconnected");
    await assert.rejects(anna.fetchLatestVersion(), /401.*expired/);
  });

  test("a token that is not good", async () => {
    const centre = await callCentre();
    const nobody = new TaskRouter.Worker(token(centre, "WK00000000000000000000000000000000"), at(bridge.host));
    assert.match((await event(nobody, "error")).message, /connect/);
    nobody.disconnect();
  });

  test("two pages of one agent", async (t) => {
    const centre = await callCentre();
    const first = await worker(t, centre);
    const second = await worker(t, centre);
    const offers = [event(first, "reservationCreated"), event(second, "reservationCreated")];
    await centre.task();
    const [here, there] = await Promise.all(offers);
    const accepted = event(there, "accepted");
    await here.accept();
    await accepted;
    const closed = event(first, "disconnected");
    const third = await worker(t, centre, { closeExistingSessions: true });
    assert.match((await closed).message, /another session/);
    first.disconnect(); // it would come back
    assert.deepEqual([...third.reservations.values()].map((r) => r.status), ["accepted"]);
  });

  test("supervisor and workspace", async (t) => {
    const centre = await callCentre(["anna", "ben"]);
    const { anna, ben } = centre.agents;
    const supervising = token(centre, anna, { role: "supervisor" });
    const supervisor = new TaskRouter.Supervisor(supervising, at(bridge.host));
    t.after(() => supervisor.disconnect());
    await event(supervisor, "ready");
    await supervisor.setWorkerActivity(ben, centre.activities.Offline);
    assert.equal((await centre.workspace.workers(ben).fetch()).activityName, "Offline");
    const workspace = new TaskRouter.Workspace(supervising, at(bridge.host), centre.sid);
    assert.deepEqual([...(await workspace.fetchWorkers()).keys()].sort(), [anna, ben].sort());
    assert.deepEqual([...(await workspace.fetchTaskQueues()).keys()], [centre.queue]);
    const plain = new TaskRouter.Workspace(token(centre, anna), at(bridge.host), centre.sid);
    await assert.rejects(plain.fetchWorkers(), /403.*supervisor/);
  });
});
