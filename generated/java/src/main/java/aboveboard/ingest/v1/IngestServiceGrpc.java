package aboveboard.ingest.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * Takes events from products in the field and tells them whether they may
 * collect. Every error carries a google.rpc.ErrorInfo whose reason is an
 * aboveboard.error.v1.ErrorReason. A write key goes into the metadata,
 * `authorization: Bearer &lt;secret&gt;`, or into the request; where both are given,
 * the metadata counts. One that is not valid is refused even where the server
 * requires none.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class IngestServiceGrpc {

  private IngestServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "aboveboard.ingest.v1.IngestService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<aboveboard.ingest.v1.PublishEventsRequest,
      aboveboard.ingest.v1.PublishEventsResponse> getPublishEventsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "PublishEvents",
      requestType = aboveboard.ingest.v1.PublishEventsRequest.class,
      responseType = aboveboard.ingest.v1.PublishEventsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<aboveboard.ingest.v1.PublishEventsRequest,
      aboveboard.ingest.v1.PublishEventsResponse> getPublishEventsMethod() {
    io.grpc.MethodDescriptor<aboveboard.ingest.v1.PublishEventsRequest, aboveboard.ingest.v1.PublishEventsResponse> getPublishEventsMethod;
    if ((getPublishEventsMethod = IngestServiceGrpc.getPublishEventsMethod) == null) {
      synchronized (IngestServiceGrpc.class) {
        if ((getPublishEventsMethod = IngestServiceGrpc.getPublishEventsMethod) == null) {
          IngestServiceGrpc.getPublishEventsMethod = getPublishEventsMethod =
              io.grpc.MethodDescriptor.<aboveboard.ingest.v1.PublishEventsRequest, aboveboard.ingest.v1.PublishEventsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "PublishEvents"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.ingest.v1.PublishEventsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.ingest.v1.PublishEventsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new IngestServiceMethodDescriptorSupplier("PublishEvents"))
              .build();
        }
      }
    }
    return getPublishEventsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<aboveboard.ingest.v1.StreamEventsRequest,
      aboveboard.ingest.v1.StreamEventsResponse> getStreamEventsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "StreamEvents",
      requestType = aboveboard.ingest.v1.StreamEventsRequest.class,
      responseType = aboveboard.ingest.v1.StreamEventsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.BIDI_STREAMING)
  public static io.grpc.MethodDescriptor<aboveboard.ingest.v1.StreamEventsRequest,
      aboveboard.ingest.v1.StreamEventsResponse> getStreamEventsMethod() {
    io.grpc.MethodDescriptor<aboveboard.ingest.v1.StreamEventsRequest, aboveboard.ingest.v1.StreamEventsResponse> getStreamEventsMethod;
    if ((getStreamEventsMethod = IngestServiceGrpc.getStreamEventsMethod) == null) {
      synchronized (IngestServiceGrpc.class) {
        if ((getStreamEventsMethod = IngestServiceGrpc.getStreamEventsMethod) == null) {
          IngestServiceGrpc.getStreamEventsMethod = getStreamEventsMethod =
              io.grpc.MethodDescriptor.<aboveboard.ingest.v1.StreamEventsRequest, aboveboard.ingest.v1.StreamEventsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.BIDI_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "StreamEvents"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.ingest.v1.StreamEventsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.ingest.v1.StreamEventsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new IngestServiceMethodDescriptorSupplier("StreamEvents"))
              .build();
        }
      }
    }
    return getStreamEventsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<aboveboard.ingest.v1.GetCollectionStatusRequest,
      aboveboard.ingest.v1.GetCollectionStatusResponse> getGetCollectionStatusMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetCollectionStatus",
      requestType = aboveboard.ingest.v1.GetCollectionStatusRequest.class,
      responseType = aboveboard.ingest.v1.GetCollectionStatusResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<aboveboard.ingest.v1.GetCollectionStatusRequest,
      aboveboard.ingest.v1.GetCollectionStatusResponse> getGetCollectionStatusMethod() {
    io.grpc.MethodDescriptor<aboveboard.ingest.v1.GetCollectionStatusRequest, aboveboard.ingest.v1.GetCollectionStatusResponse> getGetCollectionStatusMethod;
    if ((getGetCollectionStatusMethod = IngestServiceGrpc.getGetCollectionStatusMethod) == null) {
      synchronized (IngestServiceGrpc.class) {
        if ((getGetCollectionStatusMethod = IngestServiceGrpc.getGetCollectionStatusMethod) == null) {
          IngestServiceGrpc.getGetCollectionStatusMethod = getGetCollectionStatusMethod =
              io.grpc.MethodDescriptor.<aboveboard.ingest.v1.GetCollectionStatusRequest, aboveboard.ingest.v1.GetCollectionStatusResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetCollectionStatus"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.ingest.v1.GetCollectionStatusRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.ingest.v1.GetCollectionStatusResponse.getDefaultInstance()))
              .setSchemaDescriptor(new IngestServiceMethodDescriptorSupplier("GetCollectionStatus"))
              .build();
        }
      }
    }
    return getGetCollectionStatusMethod;
  }

  private static volatile io.grpc.MethodDescriptor<aboveboard.ingest.v1.SetCollectionPreferenceRequest,
      aboveboard.ingest.v1.SetCollectionPreferenceResponse> getSetCollectionPreferenceMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "SetCollectionPreference",
      requestType = aboveboard.ingest.v1.SetCollectionPreferenceRequest.class,
      responseType = aboveboard.ingest.v1.SetCollectionPreferenceResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<aboveboard.ingest.v1.SetCollectionPreferenceRequest,
      aboveboard.ingest.v1.SetCollectionPreferenceResponse> getSetCollectionPreferenceMethod() {
    io.grpc.MethodDescriptor<aboveboard.ingest.v1.SetCollectionPreferenceRequest, aboveboard.ingest.v1.SetCollectionPreferenceResponse> getSetCollectionPreferenceMethod;
    if ((getSetCollectionPreferenceMethod = IngestServiceGrpc.getSetCollectionPreferenceMethod) == null) {
      synchronized (IngestServiceGrpc.class) {
        if ((getSetCollectionPreferenceMethod = IngestServiceGrpc.getSetCollectionPreferenceMethod) == null) {
          IngestServiceGrpc.getSetCollectionPreferenceMethod = getSetCollectionPreferenceMethod =
              io.grpc.MethodDescriptor.<aboveboard.ingest.v1.SetCollectionPreferenceRequest, aboveboard.ingest.v1.SetCollectionPreferenceResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "SetCollectionPreference"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.ingest.v1.SetCollectionPreferenceRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.ingest.v1.SetCollectionPreferenceResponse.getDefaultInstance()))
              .setSchemaDescriptor(new IngestServiceMethodDescriptorSupplier("SetCollectionPreference"))
              .build();
        }
      }
    }
    return getSetCollectionPreferenceMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static IngestServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<IngestServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<IngestServiceStub>() {
        @java.lang.Override
        public IngestServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new IngestServiceStub(channel, callOptions);
        }
      };
    return IngestServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static IngestServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<IngestServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<IngestServiceBlockingV2Stub>() {
        @java.lang.Override
        public IngestServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new IngestServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return IngestServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static IngestServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<IngestServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<IngestServiceBlockingStub>() {
        @java.lang.Override
        public IngestServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new IngestServiceBlockingStub(channel, callOptions);
        }
      };
    return IngestServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static IngestServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<IngestServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<IngestServiceFutureStub>() {
        @java.lang.Override
        public IngestServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new IngestServiceFutureStub(channel, callOptions);
        }
      };
    return IngestServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * Takes events from products in the field and tells them whether they may
   * collect. Every error carries a google.rpc.ErrorInfo whose reason is an
   * aboveboard.error.v1.ErrorReason. A write key goes into the metadata,
   * `authorization: Bearer &lt;secret&gt;`, or into the request; where both are given,
   * the metadata counts. One that is not valid is refused even where the server
   * requires none.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * Stores 1 to 1,000 events of one source. Answers only when every accepted
     * event is committed to disk. One bad event never costs its neighbours: it
     * has a verdict of its own. The whole request is refused only where it cannot
     * be read: INVALID_ARGUMENT for no source, no event, over 1,000 events or
     * over 4 MiB; RESOURCE_EXHAUSTED and UNAVAILABLE carry a RetryInfo. Safe to
     * send again: what is held already is answered DUPLICATE.
     * </pre>
     */
    default void publishEvents(aboveboard.ingest.v1.PublishEventsRequest request,
        io.grpc.stub.StreamObserver<aboveboard.ingest.v1.PublishEventsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getPublishEventsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Stores requests as they arrive and acknowledges them cumulatively, each
     * with the promise of PublishEvents. A request that PublishEvents would
     * refuse ends the stream with the same error; what was acknowledged before
     * stays acknowledged.
     * </pre>
     */
    default io.grpc.stub.StreamObserver<aboveboard.ingest.v1.StreamEventsRequest> streamEvents(
        io.grpc.stub.StreamObserver<aboveboard.ingest.v1.StreamEventsResponse> responseObserver) {
      return io.grpc.stub.ServerCalls.asyncUnimplementedStreamingCall(getStreamEventsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Tells a source whether it may collect. An SDK asks first; a page that ends before the answer hands over what it has.
     * </pre>
     */
    default void getCollectionStatus(aboveboard.ingest.v1.GetCollectionStatusRequest request,
        io.grpc.stub.StreamObserver<aboveboard.ingest.v1.GetCollectionStatusResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetCollectionStatusMethod(), responseObserver);
    }

    /**
     * <pre>
     * Switches collection off or on for a user, a deployment or a server: the
     * "Disable Telemetry" tick box. In force for every commit after it has
     * returned. ENABLED lifts only what was set in this way at the same scope and
     * with the same `preference_token`, never an administrator's opt-out; where
     * something was set and no token fits, it is PERMISSION_DENIED with
     * PREFERENCE_TOKEN_REQUIRED. Collection resumes when all are lifted. Limited
     * to one call a second from an address, with a burst of 10, and 20 a second in
     * all, unless the operator has set other rates: RESOURCE_EXHAUSTED with a
     * RetryInfo.
     * </pre>
     */
    default void setCollectionPreference(aboveboard.ingest.v1.SetCollectionPreferenceRequest request,
        io.grpc.stub.StreamObserver<aboveboard.ingest.v1.SetCollectionPreferenceResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getSetCollectionPreferenceMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service IngestService.
   * <pre>
   * Takes events from products in the field and tells them whether they may
   * collect. Every error carries a google.rpc.ErrorInfo whose reason is an
   * aboveboard.error.v1.ErrorReason. A write key goes into the metadata,
   * `authorization: Bearer &lt;secret&gt;`, or into the request; where both are given,
   * the metadata counts. One that is not valid is refused even where the server
   * requires none.
   * </pre>
   */
  public static abstract class IngestServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return IngestServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service IngestService.
   * <pre>
   * Takes events from products in the field and tells them whether they may
   * collect. Every error carries a google.rpc.ErrorInfo whose reason is an
   * aboveboard.error.v1.ErrorReason. A write key goes into the metadata,
   * `authorization: Bearer &lt;secret&gt;`, or into the request; where both are given,
   * the metadata counts. One that is not valid is refused even where the server
   * requires none.
   * </pre>
   */
  public static final class IngestServiceStub
      extends io.grpc.stub.AbstractAsyncStub<IngestServiceStub> {
    private IngestServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected IngestServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new IngestServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * Stores 1 to 1,000 events of one source. Answers only when every accepted
     * event is committed to disk. One bad event never costs its neighbours: it
     * has a verdict of its own. The whole request is refused only where it cannot
     * be read: INVALID_ARGUMENT for no source, no event, over 1,000 events or
     * over 4 MiB; RESOURCE_EXHAUSTED and UNAVAILABLE carry a RetryInfo. Safe to
     * send again: what is held already is answered DUPLICATE.
     * </pre>
     */
    public void publishEvents(aboveboard.ingest.v1.PublishEventsRequest request,
        io.grpc.stub.StreamObserver<aboveboard.ingest.v1.PublishEventsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getPublishEventsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Stores requests as they arrive and acknowledges them cumulatively, each
     * with the promise of PublishEvents. A request that PublishEvents would
     * refuse ends the stream with the same error; what was acknowledged before
     * stays acknowledged.
     * </pre>
     */
    public io.grpc.stub.StreamObserver<aboveboard.ingest.v1.StreamEventsRequest> streamEvents(
        io.grpc.stub.StreamObserver<aboveboard.ingest.v1.StreamEventsResponse> responseObserver) {
      return io.grpc.stub.ClientCalls.asyncBidiStreamingCall(
          getChannel().newCall(getStreamEventsMethod(), getCallOptions()), responseObserver);
    }

    /**
     * <pre>
     * Tells a source whether it may collect. An SDK asks first; a page that ends before the answer hands over what it has.
     * </pre>
     */
    public void getCollectionStatus(aboveboard.ingest.v1.GetCollectionStatusRequest request,
        io.grpc.stub.StreamObserver<aboveboard.ingest.v1.GetCollectionStatusResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetCollectionStatusMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Switches collection off or on for a user, a deployment or a server: the
     * "Disable Telemetry" tick box. In force for every commit after it has
     * returned. ENABLED lifts only what was set in this way at the same scope and
     * with the same `preference_token`, never an administrator's opt-out; where
     * something was set and no token fits, it is PERMISSION_DENIED with
     * PREFERENCE_TOKEN_REQUIRED. Collection resumes when all are lifted. Limited
     * to one call a second from an address, with a burst of 10, and 20 a second in
     * all, unless the operator has set other rates: RESOURCE_EXHAUSTED with a
     * RetryInfo.
     * </pre>
     */
    public void setCollectionPreference(aboveboard.ingest.v1.SetCollectionPreferenceRequest request,
        io.grpc.stub.StreamObserver<aboveboard.ingest.v1.SetCollectionPreferenceResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getSetCollectionPreferenceMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service IngestService.
   * <pre>
   * Takes events from products in the field and tells them whether they may
   * collect. Every error carries a google.rpc.ErrorInfo whose reason is an
   * aboveboard.error.v1.ErrorReason. A write key goes into the metadata,
   * `authorization: Bearer &lt;secret&gt;`, or into the request; where both are given,
   * the metadata counts. One that is not valid is refused even where the server
   * requires none.
   * </pre>
   */
  public static final class IngestServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<IngestServiceBlockingV2Stub> {
    private IngestServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected IngestServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new IngestServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * Stores 1 to 1,000 events of one source. Answers only when every accepted
     * event is committed to disk. One bad event never costs its neighbours: it
     * has a verdict of its own. The whole request is refused only where it cannot
     * be read: INVALID_ARGUMENT for no source, no event, over 1,000 events or
     * over 4 MiB; RESOURCE_EXHAUSTED and UNAVAILABLE carry a RetryInfo. Safe to
     * send again: what is held already is answered DUPLICATE.
     * </pre>
     */
    public aboveboard.ingest.v1.PublishEventsResponse publishEvents(aboveboard.ingest.v1.PublishEventsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getPublishEventsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Stores requests as they arrive and acknowledges them cumulatively, each
     * with the promise of PublishEvents. A request that PublishEvents would
     * refuse ends the stream with the same error; what was acknowledged before
     * stays acknowledged.
     * </pre>
     */
    @io.grpc.ExperimentalApi("https://github.com/grpc/grpc-java/issues/10918")
    public io.grpc.stub.BlockingClientCall<aboveboard.ingest.v1.StreamEventsRequest, aboveboard.ingest.v1.StreamEventsResponse>
        streamEvents() {
      return io.grpc.stub.ClientCalls.blockingBidiStreamingCall(
          getChannel(), getStreamEventsMethod(), getCallOptions());
    }

    /**
     * <pre>
     * Tells a source whether it may collect. An SDK asks first; a page that ends before the answer hands over what it has.
     * </pre>
     */
    public aboveboard.ingest.v1.GetCollectionStatusResponse getCollectionStatus(aboveboard.ingest.v1.GetCollectionStatusRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetCollectionStatusMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Switches collection off or on for a user, a deployment or a server: the
     * "Disable Telemetry" tick box. In force for every commit after it has
     * returned. ENABLED lifts only what was set in this way at the same scope and
     * with the same `preference_token`, never an administrator's opt-out; where
     * something was set and no token fits, it is PERMISSION_DENIED with
     * PREFERENCE_TOKEN_REQUIRED. Collection resumes when all are lifted. Limited
     * to one call a second from an address, with a burst of 10, and 20 a second in
     * all, unless the operator has set other rates: RESOURCE_EXHAUSTED with a
     * RetryInfo.
     * </pre>
     */
    public aboveboard.ingest.v1.SetCollectionPreferenceResponse setCollectionPreference(aboveboard.ingest.v1.SetCollectionPreferenceRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getSetCollectionPreferenceMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service IngestService.
   * <pre>
   * Takes events from products in the field and tells them whether they may
   * collect. Every error carries a google.rpc.ErrorInfo whose reason is an
   * aboveboard.error.v1.ErrorReason. A write key goes into the metadata,
   * `authorization: Bearer &lt;secret&gt;`, or into the request; where both are given,
   * the metadata counts. One that is not valid is refused even where the server
   * requires none.
   * </pre>
   */
  public static final class IngestServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<IngestServiceBlockingStub> {
    private IngestServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected IngestServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new IngestServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Stores 1 to 1,000 events of one source. Answers only when every accepted
     * event is committed to disk. One bad event never costs its neighbours: it
     * has a verdict of its own. The whole request is refused only where it cannot
     * be read: INVALID_ARGUMENT for no source, no event, over 1,000 events or
     * over 4 MiB; RESOURCE_EXHAUSTED and UNAVAILABLE carry a RetryInfo. Safe to
     * send again: what is held already is answered DUPLICATE.
     * </pre>
     */
    public aboveboard.ingest.v1.PublishEventsResponse publishEvents(aboveboard.ingest.v1.PublishEventsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getPublishEventsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Tells a source whether it may collect. An SDK asks first; a page that ends before the answer hands over what it has.
     * </pre>
     */
    public aboveboard.ingest.v1.GetCollectionStatusResponse getCollectionStatus(aboveboard.ingest.v1.GetCollectionStatusRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetCollectionStatusMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Switches collection off or on for a user, a deployment or a server: the
     * "Disable Telemetry" tick box. In force for every commit after it has
     * returned. ENABLED lifts only what was set in this way at the same scope and
     * with the same `preference_token`, never an administrator's opt-out; where
     * something was set and no token fits, it is PERMISSION_DENIED with
     * PREFERENCE_TOKEN_REQUIRED. Collection resumes when all are lifted. Limited
     * to one call a second from an address, with a burst of 10, and 20 a second in
     * all, unless the operator has set other rates: RESOURCE_EXHAUSTED with a
     * RetryInfo.
     * </pre>
     */
    public aboveboard.ingest.v1.SetCollectionPreferenceResponse setCollectionPreference(aboveboard.ingest.v1.SetCollectionPreferenceRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getSetCollectionPreferenceMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service IngestService.
   * <pre>
   * Takes events from products in the field and tells them whether they may
   * collect. Every error carries a google.rpc.ErrorInfo whose reason is an
   * aboveboard.error.v1.ErrorReason. A write key goes into the metadata,
   * `authorization: Bearer &lt;secret&gt;`, or into the request; where both are given,
   * the metadata counts. One that is not valid is refused even where the server
   * requires none.
   * </pre>
   */
  public static final class IngestServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<IngestServiceFutureStub> {
    private IngestServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected IngestServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new IngestServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Stores 1 to 1,000 events of one source. Answers only when every accepted
     * event is committed to disk. One bad event never costs its neighbours: it
     * has a verdict of its own. The whole request is refused only where it cannot
     * be read: INVALID_ARGUMENT for no source, no event, over 1,000 events or
     * over 4 MiB; RESOURCE_EXHAUSTED and UNAVAILABLE carry a RetryInfo. Safe to
     * send again: what is held already is answered DUPLICATE.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<aboveboard.ingest.v1.PublishEventsResponse> publishEvents(
        aboveboard.ingest.v1.PublishEventsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getPublishEventsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Tells a source whether it may collect. An SDK asks first; a page that ends before the answer hands over what it has.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<aboveboard.ingest.v1.GetCollectionStatusResponse> getCollectionStatus(
        aboveboard.ingest.v1.GetCollectionStatusRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetCollectionStatusMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Switches collection off or on for a user, a deployment or a server: the
     * "Disable Telemetry" tick box. In force for every commit after it has
     * returned. ENABLED lifts only what was set in this way at the same scope and
     * with the same `preference_token`, never an administrator's opt-out; where
     * something was set and no token fits, it is PERMISSION_DENIED with
     * PREFERENCE_TOKEN_REQUIRED. Collection resumes when all are lifted. Limited
     * to one call a second from an address, with a burst of 10, and 20 a second in
     * all, unless the operator has set other rates: RESOURCE_EXHAUSTED with a
     * RetryInfo.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<aboveboard.ingest.v1.SetCollectionPreferenceResponse> setCollectionPreference(
        aboveboard.ingest.v1.SetCollectionPreferenceRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getSetCollectionPreferenceMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_PUBLISH_EVENTS = 0;
  private static final int METHODID_GET_COLLECTION_STATUS = 1;
  private static final int METHODID_SET_COLLECTION_PREFERENCE = 2;
  private static final int METHODID_STREAM_EVENTS = 3;

  private static final class MethodHandlers<Req, Resp> implements
      io.grpc.stub.ServerCalls.UnaryMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ServerStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ClientStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.BidiStreamingMethod<Req, Resp> {
    private final AsyncService serviceImpl;
    private final int methodId;

    MethodHandlers(AsyncService serviceImpl, int methodId) {
      this.serviceImpl = serviceImpl;
      this.methodId = methodId;
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public void invoke(Req request, io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        case METHODID_PUBLISH_EVENTS:
          serviceImpl.publishEvents((aboveboard.ingest.v1.PublishEventsRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.ingest.v1.PublishEventsResponse>) responseObserver);
          break;
        case METHODID_GET_COLLECTION_STATUS:
          serviceImpl.getCollectionStatus((aboveboard.ingest.v1.GetCollectionStatusRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.ingest.v1.GetCollectionStatusResponse>) responseObserver);
          break;
        case METHODID_SET_COLLECTION_PREFERENCE:
          serviceImpl.setCollectionPreference((aboveboard.ingest.v1.SetCollectionPreferenceRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.ingest.v1.SetCollectionPreferenceResponse>) responseObserver);
          break;
        default:
          throw new AssertionError();
      }
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public io.grpc.stub.StreamObserver<Req> invoke(
        io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        case METHODID_STREAM_EVENTS:
          return (io.grpc.stub.StreamObserver<Req>) serviceImpl.streamEvents(
              (io.grpc.stub.StreamObserver<aboveboard.ingest.v1.StreamEventsResponse>) responseObserver);
        default:
          throw new AssertionError();
      }
    }
  }

  public static final io.grpc.ServerServiceDefinition bindService(AsyncService service) {
    return io.grpc.ServerServiceDefinition.builder(getServiceDescriptor())
        .addMethod(
          getPublishEventsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              aboveboard.ingest.v1.PublishEventsRequest,
              aboveboard.ingest.v1.PublishEventsResponse>(
                service, METHODID_PUBLISH_EVENTS)))
        .addMethod(
          getStreamEventsMethod(),
          io.grpc.stub.ServerCalls.asyncBidiStreamingCall(
            new MethodHandlers<
              aboveboard.ingest.v1.StreamEventsRequest,
              aboveboard.ingest.v1.StreamEventsResponse>(
                service, METHODID_STREAM_EVENTS)))
        .addMethod(
          getGetCollectionStatusMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              aboveboard.ingest.v1.GetCollectionStatusRequest,
              aboveboard.ingest.v1.GetCollectionStatusResponse>(
                service, METHODID_GET_COLLECTION_STATUS)))
        .addMethod(
          getSetCollectionPreferenceMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              aboveboard.ingest.v1.SetCollectionPreferenceRequest,
              aboveboard.ingest.v1.SetCollectionPreferenceResponse>(
                service, METHODID_SET_COLLECTION_PREFERENCE)))
        .build();
  }

  private static abstract class IngestServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    IngestServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return aboveboard.ingest.v1.IngestServiceProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("IngestService");
    }
  }

  private static final class IngestServiceFileDescriptorSupplier
      extends IngestServiceBaseDescriptorSupplier {
    IngestServiceFileDescriptorSupplier() {}
  }

  private static final class IngestServiceMethodDescriptorSupplier
      extends IngestServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    IngestServiceMethodDescriptorSupplier(java.lang.String methodName) {
      this.methodName = methodName;
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.MethodDescriptor getMethodDescriptor() {
      return getServiceDescriptor().findMethodByName(methodName);
    }
  }

  private static volatile io.grpc.ServiceDescriptor serviceDescriptor;

  public static io.grpc.ServiceDescriptor getServiceDescriptor() {
    io.grpc.ServiceDescriptor result = serviceDescriptor;
    if (result == null) {
      synchronized (IngestServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new IngestServiceFileDescriptorSupplier())
              .addMethod(getPublishEventsMethod())
              .addMethod(getStreamEventsMethod())
              .addMethod(getGetCollectionStatusMethod())
              .addMethod(getSetCollectionPreferenceMethod())
              .build();
        }
      }
    }
    return result;
  }
}
