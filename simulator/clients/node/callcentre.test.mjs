// The official Node library, unmodified, through one call of a call centre: a workspace is set up, an
// agent takes a task, both parties are dialled into a conference, and everything is read back.
//
// The simulator is started by node_test.go, or by hand: SIMULATOR_URL=http://127.0.0.1:8090 npm test
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import twilio from "twilio";
import { connect } from "./simulator.mjs";

const address = process.env.SIMULATOR_URL;
const accountSid = process.env.TWILIO_ACCOUNT_SID ?? "AC00000000000000000000000000000001";
const authToken = process.env.TWILIO_AUTH_TOKEN ?? "0123456789abcdef0123456789abcdef";
const client = connect(address, accountSid, authToken);

const agentPhone = "client:anna";
const caller = "+447700900002"; // answers, and stays until the other side hangs up
const ourNumber = "+442079460001";

const webhooks = []; // {url, params, genuine}
let server, ourAddress;

before(async () => {
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      const url = ourAddress + request.url;
      const params = Object.fromEntries(new URLSearchParams(body));
      const genuine = twilio.validateRequest(authToken, request.headers["x-twilio-signature"], url, params);
      webhooks.push({ url: request.url, params, genuine });
      response.writeHead(200, { "Content-Type": "application/json" }).end();
    });
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  ourAddress = `http://127.0.0.1:${server.address().port}`;
});
after(() => {
  server.close();
  server.closeAllConnections();
});

// until asks again until the answer is truthy; the test ends with an error when that takes too long.
async function until(what, ask) {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; ) {
    const answer = await ask();
    if (answer) return answer;
    await new Promise((again) => setTimeout(again, 50));
  }
  throw new Error(`waited 20 s for: ${what}`);
}

const got = (path, event) => webhooks.find((w) => w.url === path && w.params.StatusCallbackEvent === event);

test("a call centre's call", async () => {
  const workspace = await client.taskrouter.v1.workspaces.create({
    friendlyName: "Node",
    eventCallbackUrl: `${ourAddress}/events`,
  });
  const inWorkspace = client.taskrouter.v1.workspaces(workspace.sid);
  const activities = await inWorkspace.activities.list();
  const available = activities.find((a) => a.available);
  assert.deepEqual(activities.map((a) => a.friendlyName).sort(), ["Available", "Offline", "Unavailable"]);

  const queue = await inWorkspace.taskQueues.create({
    friendlyName: "motor",
    targetWorkers: 'skills HAS "motor"',
  });
  const workflow = await inWorkspace.workflows.create({
    friendlyName: "callbacks",
    configuration: JSON.stringify({ task_routing: { filters: [], default_filter: { queue: queue.sid } } }),
    assignmentCallbackUrl: `${ourAddress}/assignment`,
    taskReservationTimeout: 60,
  });
  const agent = await inWorkspace.workers.create({
    friendlyName: "anna",
    activitySid: available.sid,
    attributes: JSON.stringify({ skills: ["motor"], contact_uri: agentPhone }),
  });
  const task = await inWorkspace.tasks.create({
    workflowSid: workflow.sid,
    attributes: JSON.stringify({ request: "one" }),
    timeout: 600,
  });
  assert.equal(task.assignmentStatus, "pending");

  const [reservation] = await until("a reservation", async () => {
    const pending = await inWorkspace.tasks(task.sid).reservations.list({ reservationStatus: "pending" });
    return pending.length && pending;
  });
  assert.equal(reservation.workerSid, agent.sid);
  assert.equal(reservation.workerName, "anna");

  const room = `room-${task.sid}`;
  const callbacks = {
    conferenceStatusCallback: `${ourAddress}/conference`,
    conferenceStatusCallbackEvent: ["start", "end", "join", "leave"],
  };
  const agentLeg = await client.conferences(room).participants.create({
    from: ourNumber,
    to: agentPhone,
    label: "agent",
    endConferenceOnExit: true,
    ...callbacks,
  });
  await until("the agent's join", () => got("/conference", "participant-join"));
  const accepted = await inWorkspace.tasks(task.sid).reservations(reservation.sid).update({ reservationStatus: "accepted" });
  assert.equal(accepted.reservationStatus, "accepted");

  const callerLeg = await client.conferences(agentLeg.conferenceSid).participants.create({
    from: ourNumber,
    to: caller,
    label: "caller",
    earlyMedia: false,
    ...callbacks,
  });
  await until("the conversation", () => got("/conference", "conference-start"));

  const conference = await client.conferences(agentLeg.conferenceSid).fetch();
  assert.equal(conference.status, "in-progress");
  assert.equal(conference.friendlyName, room);
  assert.ok(conference.dateCreated instanceof Date && !Number.isNaN(conference.dateCreated.valueOf()));
  const participants = await client.conferences(conference.sid).participants.list();
  assert.deepEqual(participants.map((p) => [p.label, p.status]).sort(), [["agent", "connected"], ["caller", "connected"]]);
  const held = await client.conferences(conference.sid).participants("caller").update({ hold: true });
  assert.equal(held.hold, true);
  await client.conferences(conference.sid).participants("caller").update({ hold: false });

  await client.calls(agentLeg.callSid).update({ status: "completed" });
  await until("the end", () => got("/conference", "conference-end"));
  const done = await inWorkspace.tasks(task.sid).update({ assignmentStatus: "completed", reason: "talked" });
  assert.equal(done.assignmentStatus, "completed");

  const ended = await client.conferences(conference.sid).fetch();
  assert.equal(ended.reasonConferenceEnded, "participant-with-end-conference-on-exit-left");
  for (const sid of [agentLeg.callSid, callerLeg.callSid]) {
    const call = await client.calls(sid).fetch();
    assert.equal(call.status, "completed");
    assert.match(call.duration, /^\d+$/);
  }
  assert.equal((await client.calls.list({ to: caller })).length, 1);
  assert.equal((await inWorkspace.events.list({ taskSid: task.sid, eventType: "task.completed" })).length, 1);

  assert.ok(webhooks.some((w) => w.url === "/assignment" && w.params.ReservationSid === reservation.sid));
  assert.ok(webhooks.some((w) => w.url === "/events" && w.params.EventType === "task.completed"));
  assert.deepEqual(webhooks.filter((w) => !w.genuine), [], "every webhook is signed");
});

test("lists come in pages", async () => {
  const workspace = await client.taskrouter.v1.workspaces.create({ friendlyName: "Pages" });
  const inWorkspace = client.taskrouter.v1.workspaces(workspace.sid);
  for (let i = 0; i < 7; i++) {
    await inWorkspace.workers.create({ friendlyName: `agent ${i}` });
  }
  const workers = await inWorkspace.workers.list({ pageSize: 3 });
  assert.equal(new Set(workers.map((w) => w.sid)).size, 7);
});

test("errors are Twilio's", async () => {
  await assert.rejects(client.taskrouter.v1.workspaces("WS00000000000000000000000000000000").fetch(), {
    status: 404,
    code: 20404,
  });
  await assert.rejects(connect(address, accountSid, "wrong").calls.list(), { status: 401, code: 20003 });
  await assert.rejects(client.calls.create({ to: "nobody", from: ourNumber, twiml: "<Response/>" }), {
    status: 400,
    code: 21211,
  });
});
