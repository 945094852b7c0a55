// The conformance client in TypeScript; test_conformance.py says what each of its kind does.

import { readFileSync } from "node:fs";
import { argv, env } from "node:process";

import { create, type DescMessage, fromJsonString, type MessageShape, toJson } from "@bufbuild/protobuf";
import { ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";

import { AdminService } from "aboveboard/admin/v1/admin_service_pb";
import {
  ListQuarantinedEventsResponseSchema,
  ReplayQuarantinedEventsResponseSchema,
} from "aboveboard/admin/v1/quarantine_pb";
import { ChangeType } from "aboveboard/event/v1/change_type_pb";
import {
  GetCollectionStatusResponseSchema,
  IngestService,
  type PublishEventsRequest,
  PublishEventsRequestSchema,
  PublishEventsResponseSchema,
  SetCollectionPreferenceRequest_Preference as Preference,
  SetCollectionPreferenceRequest_Scope as Scope,
  SetCollectionPreferenceResponseSchema,
  StreamEventsResponseSchema,
} from "aboveboard/ingest/v1/ingest_service_pb";
import { type EventEnvelope, EventEnvelopeSchema } from "aboveboard/telemetry/v1/event_pb";

const FROM_A_NEWER_CLIENT = 99 as ChangeType;

function element(
  number: number,
  changeType = ChangeType.CREATE,
  elementId = `element ${number}`,
): EventEnvelope {
  return create(EventEnvelopeSchema, {
    eventId: `0190a3f2-7c1e-7d3a-9b52-${number.toString(16).padStart(12, "0")}`,
    occurredAt: { seconds: BigInt(1_783_944_000 + number) },
    event: { case: "elementStat", value: { elementId, changeType } },
  });
}

async function converse(ingestUrl: string, adminUrl: string, everyType: PublishEventsRequest) {
  const ingest = createClient(IngestService, createGrpcTransport({ baseUrl: ingestUrl, defaultTimeoutMs: 60_000 }));
  const admin = createClient(AdminService, createGrpcTransport({ baseUrl: adminUrl, defaultTimeoutMs: 60_000 }));
  const source = everyType.source!;
  const saw: Record<string, unknown> = {};

  async function see<T extends DescMessage>(step: string, schema: T, answer: Promise<MessageShape<T>>) {
    saw[step] = toJson(schema, await answer);
  }
  const publish = (...events: EventEnvelope[]) => ingest.publishEvents({ source, events });

  await see("status", GetCollectionStatusResponseSchema, ingest.getCollectionStatus({ source }));
  await see("every_type", PublishEventsResponseSchema, ingest.publishEvents(everyType));
  await see("again", PublishEventsResponseSchema, ingest.publishEvents(everyType));

  const bad = element(2, ChangeType.CREATE, "");
  await see("bad_event", PublishEventsResponseSchema, publish(element(1), bad, element(3)));
  await see("newer_event", PublishEventsResponseSchema, publish(element(4, FROM_A_NEWER_CLIENT)));

  async function* requests() {
    for (let sequence = 1; sequence <= 100; sequence++) {
      yield { sequence: BigInt(sequence), publish: { source, events: [element(100 + sequence)] } };
    }
  }
  const answers = [];
  for await (const answer of ingest.streamEvents(requests())) {
    answers.push(toJson(StreamEventsResponseSchema, answer));
  }
  saw["stream"] = answers;

  try {
    await publish();
  } catch (error) {
    const { code, rawMessage } = ConnectError.from(error);
    saw["refused"] = { code, message: rawMessage };
  }

  const headers = { Authorization: `Bearer ${env["ABOVEBOARD_TOKEN"]}` };
  await see("quarantined", ListQuarantinedEventsResponseSchema, admin.listQuarantinedEvents({}, { headers }));
  await see("replayed", ReplayQuarantinedEventsResponseSchema, admin.replayQuarantinedEvents({}, { headers }));

  // A real client draws the token at random.
  const of = { source, scope: Scope.SERVER, preferenceToken: new Uint8Array(32).fill(7) };
  const off = ingest.setCollectionPreference({ ...of, preference: Preference.DISABLED });
  await see("opted_out", SetCollectionPreferenceResponseSchema, off);
  await see("after_opt_out", PublishEventsResponseSchema, publish(element(5)));
  const on = ingest.setCollectionPreference({ ...of, preference: Preference.ENABLED });
  await see("opted_in", SetCollectionPreferenceResponseSchema, on);
  return saw;
}

const [, , ingestAddress, adminAddress, requestFile] = argv;
const everyType = fromJsonString(PublishEventsRequestSchema, readFileSync(requestFile!, "utf8"));
const saw = await converse(`http://${ingestAddress}`, `http://${adminAddress}`, everyType);
console.log(JSON.stringify(saw));
