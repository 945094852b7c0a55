// Command conformance is the conformance client in Go; test_conformance.py says what each of its kind does.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	adminv1 "example.com/aboveboard/admin/v1"
	eventv1 "example.com/aboveboard/event/v1"
	ingestv1 "example.com/aboveboard/ingest/v1"
	telemetryv1 "example.com/aboveboard/telemetry/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

const fromANewerClient eventv1.ChangeType = 99

func element(number int64, change eventv1.ChangeType) *telemetryv1.EventEnvelope {
	return &telemetryv1.EventEnvelope{
		EventId:    fmt.Sprintf("0190a3f2-7c1e-7d3a-9b52-%012x", number),
		OccurredAt: &timestamppb.Timestamp{Seconds: 1_783_944_000 + number},
		Event: &telemetryv1.EventEnvelope_ElementStat{ElementStat: &eventv1.ElementStat{
			ElementId:  fmt.Sprintf("element %d", number),
			ChangeType: change,
		}},
	}
}

func created(number int64) *telemetryv1.EventEnvelope {
	return element(number, eventv1.ChangeType_CHANGE_TYPE_CREATE)
}

// client remembers what it saw, and the first thing that went wrong.
type client struct {
	ctx    context.Context
	ingest ingestv1.IngestServiceClient
	admin  adminv1.AdminServiceClient
	source *telemetryv1.Source
	saw    map[string]any
}

func (c *client) see(step string, answer proto.Message, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", step, err)
	}
	text, err := protojson.Marshal(answer)
	c.saw[step] = json.RawMessage(text)
	return err
}

func (c *client) publish(step string, events ...*telemetryv1.EventEnvelope) error {
	answer, err := c.ingest.PublishEvents(c.ctx, &ingestv1.PublishEventsRequest{Source: c.source, Events: events})
	return c.see(step, answer, err)
}

func (c *client) stream() error {
	stream, err := c.ingest.StreamEvents(c.ctx)
	if err != nil {
		return err
	}
	go func() {
		for sequence := int64(1); sequence <= 100; sequence++ {
			request := &ingestv1.StreamEventsRequest{
				Sequence: uint64(sequence),
				Publish: &ingestv1.PublishEventsRequest{
					Source: c.source,
					Events: []*telemetryv1.EventEnvelope{created(100 + sequence)},
				},
			}
			if stream.Send(request) != nil {
				return // Recv tells why.
			}
		}
		_ = stream.CloseSend()
	}()
	var answers []json.RawMessage
	for {
		answer, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			c.saw["stream"] = answers
			return nil
		}
		if err != nil {
			return err
		}
		text, err := protojson.Marshal(answer)
		if err != nil {
			return err
		}
		answers = append(answers, text)
	}
}

// prefer switches collection off, and on again by the same token. A real client draws it at random.
func (c *client) prefer() error {
	preference := &ingestv1.SetCollectionPreferenceRequest{
		Source:          c.source,
		Scope:           ingestv1.SetCollectionPreferenceRequest_SCOPE_SERVER,
		Preference:      ingestv1.SetCollectionPreferenceRequest_PREFERENCE_DISABLED,
		PreferenceToken: bytes.Repeat([]byte{7}, 32),
	}
	optedOut, err := c.ingest.SetCollectionPreference(c.ctx, preference)
	if err := c.see("opted_out", optedOut, err); err != nil {
		return err
	}
	if err := c.publish("after_opt_out", created(5)); err != nil {
		return err
	}
	preference.Preference = ingestv1.SetCollectionPreferenceRequest_PREFERENCE_ENABLED
	optedIn, err := c.ingest.SetCollectionPreference(c.ctx, preference)
	return c.see("opted_in", optedIn, err)
}

func (c *client) converse(everyType *ingestv1.PublishEventsRequest) error {
	asked, err := c.ingest.GetCollectionStatus(c.ctx, &ingestv1.GetCollectionStatusRequest{Source: c.source})
	if err := c.see("status", asked, err); err != nil {
		return err
	}
	for _, step := range []string{"every_type", "again"} {
		answer, err := c.ingest.PublishEvents(c.ctx, everyType)
		if err := c.see(step, answer, err); err != nil {
			return err
		}
	}

	bad := created(2)
	bad.GetElementStat().ElementId = ""
	if err := c.publish("bad_event", created(1), bad, created(3)); err != nil {
		return err
	}
	if err := c.publish("newer_event", element(4, fromANewerClient)); err != nil {
		return err
	}
	if err := c.stream(); err != nil {
		return fmt.Errorf("stream: %w", err)
	}
	refused := status.Convert(errors.Unwrap(c.publish("refused")))
	c.saw["refused"] = map[string]any{"code": refused.Code(), "message": refused.Message()}

	listed, err := c.admin.ListQuarantinedEvents(c.authorized(), &adminv1.ListQuarantinedEventsRequest{})
	if err := c.see("quarantined", listed, err); err != nil {
		return err
	}
	replayed, err := c.admin.ReplayQuarantinedEvents(c.authorized(), &adminv1.ReplayQuarantinedEventsRequest{})
	if err := c.see("replayed", replayed, err); err != nil {
		return err
	}

	return c.prefer()
}

// Shows the administrator's key.
func (c *client) authorized() context.Context {
	return metadata.AppendToOutgoingContext(c.ctx, "authorization", "Bearer "+os.Getenv("ABOVEBOARD_TOKEN"))
}

func run(ingestAddress, adminAddress, requestFile string) error {
	text, err := os.ReadFile(requestFile)
	if err != nil {
		return err
	}
	everyType := &ingestv1.PublishEventsRequest{}
	if err := protojson.Unmarshal(text, everyType); err != nil {
		return err
	}
	plaintext := grpc.WithTransportCredentials(insecure.NewCredentials())
	public, err := grpc.NewClient(ingestAddress, plaintext)
	if err != nil {
		return err
	}
	defer public.Close()
	internal, err := grpc.NewClient(adminAddress, plaintext)
	if err != nil {
		return err
	}
	defer internal.Close()

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c := &client{
		ctx:    ctx,
		ingest: ingestv1.NewIngestServiceClient(public),
		admin:  adminv1.NewAdminServiceClient(internal),
		source: everyType.GetSource(),
		saw:    map[string]any{},
	}
	if err := c.converse(everyType); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(c.saw)
}

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		log.Fatal(err)
	}
}
