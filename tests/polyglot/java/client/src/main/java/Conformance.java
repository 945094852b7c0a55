import aboveboard.admin.v1.AdminServiceGrpc;
import aboveboard.admin.v1.AdminServiceGrpc.AdminServiceBlockingStub;
import aboveboard.admin.v1.ListQuarantinedEventsRequest;
import aboveboard.admin.v1.ReplayQuarantinedEventsRequest;
import aboveboard.event.v1.ChangeType;
import aboveboard.event.v1.ElementStat;
import aboveboard.ingest.v1.GetCollectionStatusRequest;
import aboveboard.ingest.v1.IngestServiceGrpc;
import aboveboard.ingest.v1.IngestServiceGrpc.IngestServiceBlockingStub;
import aboveboard.ingest.v1.IngestServiceGrpc.IngestServiceStub;
import aboveboard.ingest.v1.PublishEventsRequest;
import aboveboard.ingest.v1.SetCollectionPreferenceRequest;
import aboveboard.ingest.v1.SetCollectionPreferenceRequest.Preference;
import aboveboard.ingest.v1.SetCollectionPreferenceRequest.Scope;
import aboveboard.ingest.v1.StreamEventsRequest;
import aboveboard.ingest.v1.StreamEventsResponse;
import aboveboard.telemetry.v1.EventEnvelope;
import aboveboard.telemetry.v1.Source;
import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import com.google.protobuf.util.JsonFormat;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** The conformance client in Java; test_conformance.py says what each of its kind does. */
final class Conformance {
  private static final int FROM_A_NEWER_CLIENT = 99;

  private final IngestServiceBlockingStub ingest;
  private final IngestServiceStub streaming;
  private final AdminServiceBlockingStub admin;
  private final PublishEventsRequest everyType;
  private final Source source;

  private Conformance(
      ManagedChannel ingest, ManagedChannel admin, PublishEventsRequest everyType) {
    this.ingest = IngestServiceGrpc.newBlockingStub(ingest).withDeadlineAfter(1, TimeUnit.MINUTES);
    this.streaming = IngestServiceGrpc.newStub(ingest).withDeadlineAfter(1, TimeUnit.MINUTES);
    this.admin =
        AdminServiceGrpc.newBlockingStub(admin)
            .withDeadlineAfter(1, TimeUnit.MINUTES)
            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(authorization()));
    this.everyType = everyType;
    this.source = everyType.getSource();
  }

  public static void main(String[] arguments) throws Exception {
    PublishEventsRequest.Builder everyType = PublishEventsRequest.newBuilder();
    JsonFormat.parser().merge(Files.readString(Path.of(arguments[2])), everyType);
    ManagedChannel ingest = connect(arguments[0]);
    ManagedChannel admin = connect(arguments[1]);
    try {
      var client = new Conformance(ingest, admin, everyType.build());
      System.out.println(new Gson().toJson(client.converse()));
    } finally {
      ingest.shutdownNow();
      admin.shutdownNow();
    }
  }

  /** Shows the administrator's key. */
  private static Metadata authorization() {
    var headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER),
        "Bearer " + System.getenv("ABOVEBOARD_TOKEN"));
    return headers;
  }

  private Map<String, Object> converse() throws Exception {
    var saw = new LinkedHashMap<String, Object>();
    var asked = GetCollectionStatusRequest.newBuilder().setSource(source).build();
    saw.put("status", json(ingest.getCollectionStatus(asked)));
    saw.put("every_type", json(ingest.publishEvents(everyType)));
    saw.put("again", json(ingest.publishEvents(everyType)));

    EventEnvelope.Builder bad = element(2).toBuilder();
    bad.getElementStatBuilder().setElementId("");
    saw.put("bad_event", json(ingest.publishEvents(request(element(1), bad.build(), element(3)))));
    EventEnvelope.Builder newer = element(4).toBuilder();
    newer.getElementStatBuilder().setChangeTypeValue(FROM_A_NEWER_CLIENT);
    saw.put("newer_event", json(ingest.publishEvents(request(newer.build()))));

    saw.put("stream", stream());

    try {
      ingest.publishEvents(request());
    } catch (StatusRuntimeException refused) {
      var status = refused.getStatus();
      saw.put(
          "refused",
          Map.of("code", status.getCode().value(), "message", status.getDescription()));
    }

    var list = ListQuarantinedEventsRequest.getDefaultInstance();
    saw.put("quarantined", json(admin.listQuarantinedEvents(list)));
    var replay = ReplayQuarantinedEventsRequest.getDefaultInstance();
    saw.put("replayed", json(admin.replayQuarantinedEvents(replay)));

    var preference =
        SetCollectionPreferenceRequest.newBuilder()
            .setSource(source)
            .setScope(Scope.SCOPE_SERVER)
            .setPreference(Preference.PREFERENCE_DISABLED)
            // A real client draws it at random.
            .setPreferenceToken(ByteString.copyFrom(new byte[32]));
    saw.put("opted_out", json(ingest.setCollectionPreference(preference.build())));
    saw.put("after_opt_out", json(ingest.publishEvents(request(element(5)))));
    preference.setPreference(Preference.PREFERENCE_ENABLED);
    saw.put("opted_in", json(ingest.setCollectionPreference(preference.build())));
    return saw;
  }

  private List<JsonElement> stream() throws Exception {
    var ended = new CompletableFuture<List<JsonElement>>();
    StreamObserver<StreamEventsRequest> requests = streaming.streamEvents(new Collector(ended));
    for (int sequence = 1; sequence <= 100; sequence++) {
      requests.onNext(
          StreamEventsRequest.newBuilder()
              .setSequence(sequence)
              .setPublish(request(element(100 + sequence)))
              .build());
    }
    requests.onCompleted();
    return ended.get();
  }

  private PublishEventsRequest request(EventEnvelope... events) {
    return PublishEventsRequest.newBuilder()
        .setSource(source)
        .addAllEvents(Arrays.asList(events))
        .build();
  }

  private static EventEnvelope element(int number) {
    return EventEnvelope.newBuilder()
        .setEventId(String.format("0190a3f2-7c1e-7d3a-9b52-%012x", number))
        .setOccurredAt(Timestamp.newBuilder().setSeconds(1_783_944_000 + number))
        .setElementStat(
            ElementStat.newBuilder()
                .setElementId("element " + number)
                .setChangeType(ChangeType.CHANGE_TYPE_CREATE))
        .build();
  }

  private static JsonElement json(Message message) throws InvalidProtocolBufferException {
    return JsonParser.parseString(JsonFormat.printer().print(message));
  }

  private static ManagedChannel connect(String address) {
    return Grpc.newChannelBuilder(address, InsecureChannelCredentials.create()).build();
  }

  /** Collects the answers of a stream until it ends. */
  private static final class Collector implements StreamObserver<StreamEventsResponse> {
    private final List<JsonElement> answers = new ArrayList<>();
    private final CompletableFuture<List<JsonElement>> ended;

    Collector(CompletableFuture<List<JsonElement>> ended) {
      this.ended = ended;
    }

    @Override
    public void onNext(StreamEventsResponse answer) {
      try {
        answers.add(json(answer));
      } catch (InvalidProtocolBufferException unprintable) {
        ended.completeExceptionally(unprintable);
      }
    }

    @Override
    public void onError(Throwable error) {
      ended.completeExceptionally(error);
    }

    @Override
    public void onCompleted() {
      ended.complete(answers);
    }
  }
}
