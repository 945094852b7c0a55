//! The conformance client in Rust; `test_conformance.py` says what each of its kind does.

use std::error::Error;

use aboveboard::admin::v1::admin_service_client::AdminServiceClient;
use aboveboard::admin::v1::{ListQuarantinedEventsRequest, ReplayQuarantinedEventsRequest};
use aboveboard::event::v1::{ChangeType, ElementStat};
use aboveboard::ingest::v1::ingest_service_client::IngestServiceClient;
use aboveboard::ingest::v1::set_collection_preference_request::{Preference, Scope};
use aboveboard::ingest::v1::{
    GetCollectionStatusRequest, PublishEventsRequest, SetCollectionPreferenceRequest, StreamEventsRequest,
};
use aboveboard::telemetry::v1::EventEnvelope;
use aboveboard::telemetry::v1::event_envelope::Event;
use prost::{Message, Name};
use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage};
use serde_json::{Map, Value, json};
use tonic::Request;
use tonic::transport::Channel;

const FROM_A_NEWER_CLIENT: i32 = 99;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Reads and writes ProtoJSON: prost itself knows the wire alone, so the schema comes as a descriptor set.
struct ProtoJson(DescriptorPool);

impl ProtoJson {
    fn read<T: Message + Name + Default>(&self, text: &str) -> Outcome<T> {
        let descriptor = self.0.get_message_by_name(&T::full_name()).ok_or(T::NAME)?;
        let mut parser = serde_json::Deserializer::from_str(text);
        let options = DeserializeOptions::new();
        Ok(DynamicMessage::deserialize_with_options(descriptor, &mut parser, &options)?.transcode_to()?)
    }

    fn write<T: Message + Name>(&self, message: &T) -> Outcome<Value> {
        let descriptor = self.0.get_message_by_name(&T::full_name()).ok_or(T::NAME)?;
        let mut dynamic = DynamicMessage::new(descriptor);
        dynamic.transcode_from(message)?;
        Ok(serde_json::to_value(dynamic)?)
    }
}

fn element(number: i64) -> EventEnvelope {
    changed(number, &format!("element {number}"), ChangeType::Create.into())
}

fn changed(number: i64, element_id: &str, change_type: i32) -> EventEnvelope {
    EventEnvelope {
        event_id: format!("0190a3f2-7c1e-7d3a-9b52-{number:012x}"),
        occurred_at: Some(prost_types::Timestamp { seconds: 1_783_944_000 + number, nanos: 0 }),
        event: Some(Event::ElementStat(ElementStat { element_id: element_id.into(), change_type })),
        ..Default::default()
    }
}

async fn converse(
    mut ingest: IngestServiceClient<Channel>,
    mut admin: AdminServiceClient<Channel>,
    every_type: PublishEventsRequest,
    proto_json: &ProtoJson,
) -> Outcome<Map<String, Value>> {
    let mut saw = Map::new();
    let source = every_type.source.clone();
    let request = |events| PublishEventsRequest { source: source.clone(), events, ..Default::default() };

    let asked = GetCollectionStatusRequest { source: source.clone(), ..Default::default() };
    let status = ingest.get_collection_status(asked).await?.into_inner();
    saw.insert("status".into(), proto_json.write(&status)?);
    for step in ["every_type", "again"] {
        let answer = ingest.publish_events(every_type.clone()).await?.into_inner();
        saw.insert(step.into(), proto_json.write(&answer)?);
    }

    let bad = changed(2, "", ChangeType::Create.into());
    let answer = ingest.publish_events(request(vec![element(1), bad, element(3)])).await?.into_inner();
    saw.insert("bad_event".into(), proto_json.write(&answer)?);
    let newer = changed(4, "element 4", FROM_A_NEWER_CLIENT);
    let answer = ingest.publish_events(request(vec![newer])).await?.into_inner();
    saw.insert("newer_event".into(), proto_json.write(&answer)?);

    let requests: Vec<_> = (1..=100)
        .map(|sequence| StreamEventsRequest {
            sequence,
            publish: Some(request(vec![element(100 + sequence as i64)])),
        })
        .collect();
    let mut stream = ingest.stream_events(tokio_stream::iter(requests)).await?.into_inner();
    let mut answers = Vec::new();
    while let Some(answer) = stream.message().await? {
        answers.push(proto_json.write(&answer)?);
    }
    saw.insert("stream".into(), answers.into());

    if let Err(refused) = ingest.publish_events(request(vec![])).await {
        let told = json!({"code": refused.code() as i32, "message": refused.message()});
        saw.insert("refused".into(), told);
    }

    let listed = admin.list_quarantined_events(authorized(ListQuarantinedEventsRequest::default())?).await?;
    saw.insert("quarantined".into(), proto_json.write(listed.get_ref())?);
    let replayed = admin.replay_quarantined_events(authorized(ReplayQuarantinedEventsRequest::default())?).await?;
    saw.insert("replayed".into(), proto_json.write(replayed.get_ref())?);

    let mut preference = SetCollectionPreferenceRequest {
        source: source.clone(),
        scope: Scope::Server.into(),
        preference: Preference::Disabled.into(),
        // A real client draws it at random.
        preference_token: vec![7; 32],
        ..Default::default()
    };
    let answer = ingest.set_collection_preference(preference.clone()).await?.into_inner();
    saw.insert("opted_out".into(), proto_json.write(&answer)?);
    let answer = ingest.publish_events(request(vec![element(5)])).await?.into_inner();
    saw.insert("after_opt_out".into(), proto_json.write(&answer)?);
    preference.set_preference(Preference::Enabled);
    let answer = ingest.set_collection_preference(preference).await?.into_inner();
    saw.insert("opted_in".into(), proto_json.write(&answer)?);
    Ok(saw)
}

/// Shows the administrator's key.
fn authorized<T>(message: T) -> Outcome<Request<T>> {
    let mut request = Request::new(message);
    let shown = format!("Bearer {}", std::env::var("ABOVEBOARD_TOKEN")?).parse()?;
    request.metadata_mut().insert("authorization", shown);
    Ok(request)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [ingest, admin, request_file, schema_file] = arguments.as_slice() else {
        return Err("INGEST ADMIN REQUEST SCHEMA".into());
    };
    let proto_json = ProtoJson(DescriptorPool::decode(std::fs::read(schema_file)?.as_slice())?);
    let every_type = proto_json.read(&std::fs::read_to_string(request_file)?)?;
    let ingest = IngestServiceClient::connect(format!("http://{ingest}")).await?;
    let admin = AdminServiceClient::connect(format!("http://{admin}")).await?;
    let saw = converse(ingest, admin, every_type, &proto_json).await?;
    println!("{}", Value::Object(saw));
    Ok(())
}
