package aboveboard.admin.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * Lets a vendor keep its promises to those whose products report: opt-out,
 * deletion, retention, export, and whom to reach. Has a listener of its own.
 * Every call shows an admin key in its metadata, `authorization: Bearer
 * &lt;secret&gt;`, with the scope that the RPC's option names.
 * Every error carries a google.rpc.ErrorInfo whose reason is an
 * aboveboard.error.v1.ErrorReason. Each request and response stands beside its
 * noun; only the export, which has none, stands here.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class AdminServiceGrpc {

  private AdminServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "aboveboard.admin.v1.AdminService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<aboveboard.admin.v1.CreateOptOutRequest,
      aboveboard.admin.v1.CreateOptOutResponse> getCreateOptOutMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "CreateOptOut",
      requestType = aboveboard.admin.v1.CreateOptOutRequest.class,
      responseType = aboveboard.admin.v1.CreateOptOutResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<aboveboard.admin.v1.CreateOptOutRequest,
      aboveboard.admin.v1.CreateOptOutResponse> getCreateOptOutMethod() {
    io.grpc.MethodDescriptor<aboveboard.admin.v1.CreateOptOutRequest, aboveboard.admin.v1.CreateOptOutResponse> getCreateOptOutMethod;
    if ((getCreateOptOutMethod = AdminServiceGrpc.getCreateOptOutMethod) == null) {
      synchronized (AdminServiceGrpc.class) {
        if ((getCreateOptOutMethod = AdminServiceGrpc.getCreateOptOutMethod) == null) {
          AdminServiceGrpc.getCreateOptOutMethod = getCreateOptOutMethod =
              io.grpc.MethodDescriptor.<aboveboard.admin.v1.CreateOptOutRequest, aboveboard.admin.v1.CreateOptOutResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "CreateOptOut"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.CreateOptOutRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.CreateOptOutResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdminServiceMethodDescriptorSupplier("CreateOptOut"))
              .build();
        }
      }
    }
    return getCreateOptOutMethod;
  }

  private static volatile io.grpc.MethodDescriptor<aboveboard.admin.v1.GetOptOutRequest,
      aboveboard.admin.v1.GetOptOutResponse> getGetOptOutMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetOptOut",
      requestType = aboveboard.admin.v1.GetOptOutRequest.class,
      responseType = aboveboard.admin.v1.GetOptOutResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<aboveboard.admin.v1.GetOptOutRequest,
      aboveboard.admin.v1.GetOptOutResponse> getGetOptOutMethod() {
    io.grpc.MethodDescriptor<aboveboard.admin.v1.GetOptOutRequest, aboveboard.admin.v1.GetOptOutResponse> getGetOptOutMethod;
    if ((getGetOptOutMethod = AdminServiceGrpc.getGetOptOutMethod) == null) {
      synchronized (AdminServiceGrpc.class) {
        if ((getGetOptOutMethod = AdminServiceGrpc.getGetOptOutMethod) == null) {
          AdminServiceGrpc.getGetOptOutMethod = getGetOptOutMethod =
              io.grpc.MethodDescriptor.<aboveboard.admin.v1.GetOptOutRequest, aboveboard.admin.v1.GetOptOutResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetOptOut"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.GetOptOutRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.GetOptOutResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdminServiceMethodDescriptorSupplier("GetOptOut"))
              .build();
        }
      }
    }
    return getGetOptOutMethod;
  }

  private static volatile io.grpc.MethodDescriptor<aboveboard.admin.v1.ListOptOutsRequest,
      aboveboard.admin.v1.ListOptOutsResponse> getListOptOutsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListOptOuts",
      requestType = aboveboard.admin.v1.ListOptOutsRequest.class,
      responseType = aboveboard.admin.v1.ListOptOutsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<aboveboard.admin.v1.ListOptOutsRequest,
      aboveboard.admin.v1.ListOptOutsResponse> getListOptOutsMethod() {
    io.grpc.MethodDescriptor<aboveboard.admin.v1.ListOptOutsRequest, aboveboard.admin.v1.ListOptOutsResponse> getListOptOutsMethod;
    if ((getListOptOutsMethod = AdminServiceGrpc.getListOptOutsMethod) == null) {
      synchronized (AdminServiceGrpc.class) {
        if ((getListOptOutsMethod = AdminServiceGrpc.getListOptOutsMethod) == null) {
          AdminServiceGrpc.getListOptOutsMethod = getListOptOutsMethod =
              io.grpc.MethodDescriptor.<aboveboard.admin.v1.ListOptOutsRequest, aboveboard.admin.v1.ListOptOutsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListOptOuts"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.ListOptOutsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.ListOptOutsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdminServiceMethodDescriptorSupplier("ListOptOuts"))
              .build();
        }
      }
    }
    return getListOptOutsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<aboveboard.admin.v1.RevokeOptOutRequest,
      aboveboard.admin.v1.RevokeOptOutResponse> getRevokeOptOutMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "RevokeOptOut",
      requestType = aboveboard.admin.v1.RevokeOptOutRequest.class,
      responseType = aboveboard.admin.v1.RevokeOptOutResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<aboveboard.admin.v1.RevokeOptOutRequest,
      aboveboard.admin.v1.RevokeOptOutResponse> getRevokeOptOutMethod() {
    io.grpc.MethodDescriptor<aboveboard.admin.v1.RevokeOptOutRequest, aboveboard.admin.v1.RevokeOptOutResponse> getRevokeOptOutMethod;
    if ((getRevokeOptOutMethod = AdminServiceGrpc.getRevokeOptOutMethod) == null) {
      synchronized (AdminServiceGrpc.class) {
        if ((getRevokeOptOutMethod = AdminServiceGrpc.getRevokeOptOutMethod) == null) {
          AdminServiceGrpc.getRevokeOptOutMethod = getRevokeOptOutMethod =
              io.grpc.MethodDescriptor.<aboveboard.admin.v1.RevokeOptOutRequest, aboveboard.admin.v1.RevokeOptOutResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "RevokeOptOut"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.RevokeOptOutRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.RevokeOptOutResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdminServiceMethodDescriptorSupplier("RevokeOptOut"))
              .build();
        }
      }
    }
    return getRevokeOptOutMethod;
  }

  private static volatile io.grpc.MethodDescriptor<aboveboard.admin.v1.CreateDeletionRequest,
      aboveboard.admin.v1.CreateDeletionResponse> getCreateDeletionMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "CreateDeletion",
      requestType = aboveboard.admin.v1.CreateDeletionRequest.class,
      responseType = aboveboard.admin.v1.CreateDeletionResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<aboveboard.admin.v1.CreateDeletionRequest,
      aboveboard.admin.v1.CreateDeletionResponse> getCreateDeletionMethod() {
    io.grpc.MethodDescriptor<aboveboard.admin.v1.CreateDeletionRequest, aboveboard.admin.v1.CreateDeletionResponse> getCreateDeletionMethod;
    if ((getCreateDeletionMethod = AdminServiceGrpc.getCreateDeletionMethod) == null) {
      synchronized (AdminServiceGrpc.class) {
        if ((getCreateDeletionMethod = AdminServiceGrpc.getCreateDeletionMethod) == null) {
          AdminServiceGrpc.getCreateDeletionMethod = getCreateDeletionMethod =
              io.grpc.MethodDescriptor.<aboveboard.admin.v1.CreateDeletionRequest, aboveboard.admin.v1.CreateDeletionResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "CreateDeletion"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.CreateDeletionRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.CreateDeletionResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdminServiceMethodDescriptorSupplier("CreateDeletion"))
              .build();
        }
      }
    }
    return getCreateDeletionMethod;
  }

  private static volatile io.grpc.MethodDescriptor<aboveboard.admin.v1.ConfirmDeletionRequest,
      aboveboard.admin.v1.ConfirmDeletionResponse> getConfirmDeletionMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ConfirmDeletion",
      requestType = aboveboard.admin.v1.ConfirmDeletionRequest.class,
      responseType = aboveboard.admin.v1.ConfirmDeletionResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<aboveboard.admin.v1.ConfirmDeletionRequest,
      aboveboard.admin.v1.ConfirmDeletionResponse> getConfirmDeletionMethod() {
    io.grpc.MethodDescriptor<aboveboard.admin.v1.ConfirmDeletionRequest, aboveboard.admin.v1.ConfirmDeletionResponse> getConfirmDeletionMethod;
    if ((getConfirmDeletionMethod = AdminServiceGrpc.getConfirmDeletionMethod) == null) {
      synchronized (AdminServiceGrpc.class) {
        if ((getConfirmDeletionMethod = AdminServiceGrpc.getConfirmDeletionMethod) == null) {
          AdminServiceGrpc.getConfirmDeletionMethod = getConfirmDeletionMethod =
              io.grpc.MethodDescriptor.<aboveboard.admin.v1.ConfirmDeletionRequest, aboveboard.admin.v1.ConfirmDeletionResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ConfirmDeletion"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.ConfirmDeletionRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.ConfirmDeletionResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdminServiceMethodDescriptorSupplier("ConfirmDeletion"))
              .build();
        }
      }
    }
    return getConfirmDeletionMethod;
  }

  private static volatile io.grpc.MethodDescriptor<aboveboard.admin.v1.RejectDeletionRequest,
      aboveboard.admin.v1.RejectDeletionResponse> getRejectDeletionMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "RejectDeletion",
      requestType = aboveboard.admin.v1.RejectDeletionRequest.class,
      responseType = aboveboard.admin.v1.RejectDeletionResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<aboveboard.admin.v1.RejectDeletionRequest,
      aboveboard.admin.v1.RejectDeletionResponse> getRejectDeletionMethod() {
    io.grpc.MethodDescriptor<aboveboard.admin.v1.RejectDeletionRequest, aboveboard.admin.v1.RejectDeletionResponse> getRejectDeletionMethod;
    if ((getRejectDeletionMethod = AdminServiceGrpc.getRejectDeletionMethod) == null) {
      synchronized (AdminServiceGrpc.class) {
        if ((getRejectDeletionMethod = AdminServiceGrpc.getRejectDeletionMethod) == null) {
          AdminServiceGrpc.getRejectDeletionMethod = getRejectDeletionMethod =
              io.grpc.MethodDescriptor.<aboveboard.admin.v1.RejectDeletionRequest, aboveboard.admin.v1.RejectDeletionResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "RejectDeletion"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.RejectDeletionRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.RejectDeletionResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdminServiceMethodDescriptorSupplier("RejectDeletion"))
              .build();
        }
      }
    }
    return getRejectDeletionMethod;
  }

  private static volatile io.grpc.MethodDescriptor<aboveboard.admin.v1.GetDeletionRequest,
      aboveboard.admin.v1.GetDeletionResponse> getGetDeletionMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetDeletion",
      requestType = aboveboard.admin.v1.GetDeletionRequest.class,
      responseType = aboveboard.admin.v1.GetDeletionResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<aboveboard.admin.v1.GetDeletionRequest,
      aboveboard.admin.v1.GetDeletionResponse> getGetDeletionMethod() {
    io.grpc.MethodDescriptor<aboveboard.admin.v1.GetDeletionRequest, aboveboard.admin.v1.GetDeletionResponse> getGetDeletionMethod;
    if ((getGetDeletionMethod = AdminServiceGrpc.getGetDeletionMethod) == null) {
      synchronized (AdminServiceGrpc.class) {
        if ((getGetDeletionMethod = AdminServiceGrpc.getGetDeletionMethod) == null) {
          AdminServiceGrpc.getGetDeletionMethod = getGetDeletionMethod =
              io.grpc.MethodDescriptor.<aboveboard.admin.v1.GetDeletionRequest, aboveboard.admin.v1.GetDeletionResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetDeletion"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.GetDeletionRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.GetDeletionResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdminServiceMethodDescriptorSupplier("GetDeletion"))
              .build();
        }
      }
    }
    return getGetDeletionMethod;
  }

  private static volatile io.grpc.MethodDescriptor<aboveboard.admin.v1.ListDeletionsRequest,
      aboveboard.admin.v1.ListDeletionsResponse> getListDeletionsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListDeletions",
      requestType = aboveboard.admin.v1.ListDeletionsRequest.class,
      responseType = aboveboard.admin.v1.ListDeletionsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<aboveboard.admin.v1.ListDeletionsRequest,
      aboveboard.admin.v1.ListDeletionsResponse> getListDeletionsMethod() {
    io.grpc.MethodDescriptor<aboveboard.admin.v1.ListDeletionsRequest, aboveboard.admin.v1.ListDeletionsResponse> getListDeletionsMethod;
    if ((getListDeletionsMethod = AdminServiceGrpc.getListDeletionsMethod) == null) {
      synchronized (AdminServiceGrpc.class) {
        if ((getListDeletionsMethod = AdminServiceGrpc.getListDeletionsMethod) == null) {
          AdminServiceGrpc.getListDeletionsMethod = getListDeletionsMethod =
              io.grpc.MethodDescriptor.<aboveboard.admin.v1.ListDeletionsRequest, aboveboard.admin.v1.ListDeletionsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListDeletions"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.ListDeletionsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.ListDeletionsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdminServiceMethodDescriptorSupplier("ListDeletions"))
              .build();
        }
      }
    }
    return getListDeletionsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<aboveboard.admin.v1.GetReceiptBundleRequest,
      aboveboard.admin.v1.GetReceiptBundleResponse> getGetReceiptBundleMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetReceiptBundle",
      requestType = aboveboard.admin.v1.GetReceiptBundleRequest.class,
      responseType = aboveboard.admin.v1.GetReceiptBundleResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<aboveboard.admin.v1.GetReceiptBundleRequest,
      aboveboard.admin.v1.GetReceiptBundleResponse> getGetReceiptBundleMethod() {
    io.grpc.MethodDescriptor<aboveboard.admin.v1.GetReceiptBundleRequest, aboveboard.admin.v1.GetReceiptBundleResponse> getGetReceiptBundleMethod;
    if ((getGetReceiptBundleMethod = AdminServiceGrpc.getGetReceiptBundleMethod) == null) {
      synchronized (AdminServiceGrpc.class) {
        if ((getGetReceiptBundleMethod = AdminServiceGrpc.getGetReceiptBundleMethod) == null) {
          AdminServiceGrpc.getGetReceiptBundleMethod = getGetReceiptBundleMethod =
              io.grpc.MethodDescriptor.<aboveboard.admin.v1.GetReceiptBundleRequest, aboveboard.admin.v1.GetReceiptBundleResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetReceiptBundle"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.GetReceiptBundleRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.GetReceiptBundleResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdminServiceMethodDescriptorSupplier("GetReceiptBundle"))
              .build();
        }
      }
    }
    return getGetReceiptBundleMethod;
  }

  private static volatile io.grpc.MethodDescriptor<aboveboard.admin.v1.GetRetentionPolicyRequest,
      aboveboard.admin.v1.GetRetentionPolicyResponse> getGetRetentionPolicyMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetRetentionPolicy",
      requestType = aboveboard.admin.v1.GetRetentionPolicyRequest.class,
      responseType = aboveboard.admin.v1.GetRetentionPolicyResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<aboveboard.admin.v1.GetRetentionPolicyRequest,
      aboveboard.admin.v1.GetRetentionPolicyResponse> getGetRetentionPolicyMethod() {
    io.grpc.MethodDescriptor<aboveboard.admin.v1.GetRetentionPolicyRequest, aboveboard.admin.v1.GetRetentionPolicyResponse> getGetRetentionPolicyMethod;
    if ((getGetRetentionPolicyMethod = AdminServiceGrpc.getGetRetentionPolicyMethod) == null) {
      synchronized (AdminServiceGrpc.class) {
        if ((getGetRetentionPolicyMethod = AdminServiceGrpc.getGetRetentionPolicyMethod) == null) {
          AdminServiceGrpc.getGetRetentionPolicyMethod = getGetRetentionPolicyMethod =
              io.grpc.MethodDescriptor.<aboveboard.admin.v1.GetRetentionPolicyRequest, aboveboard.admin.v1.GetRetentionPolicyResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetRetentionPolicy"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.GetRetentionPolicyRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.GetRetentionPolicyResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdminServiceMethodDescriptorSupplier("GetRetentionPolicy"))
              .build();
        }
      }
    }
    return getGetRetentionPolicyMethod;
  }

  private static volatile io.grpc.MethodDescriptor<aboveboard.admin.v1.ListRetentionPoliciesRequest,
      aboveboard.admin.v1.ListRetentionPoliciesResponse> getListRetentionPoliciesMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListRetentionPolicies",
      requestType = aboveboard.admin.v1.ListRetentionPoliciesRequest.class,
      responseType = aboveboard.admin.v1.ListRetentionPoliciesResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<aboveboard.admin.v1.ListRetentionPoliciesRequest,
      aboveboard.admin.v1.ListRetentionPoliciesResponse> getListRetentionPoliciesMethod() {
    io.grpc.MethodDescriptor<aboveboard.admin.v1.ListRetentionPoliciesRequest, aboveboard.admin.v1.ListRetentionPoliciesResponse> getListRetentionPoliciesMethod;
    if ((getListRetentionPoliciesMethod = AdminServiceGrpc.getListRetentionPoliciesMethod) == null) {
      synchronized (AdminServiceGrpc.class) {
        if ((getListRetentionPoliciesMethod = AdminServiceGrpc.getListRetentionPoliciesMethod) == null) {
          AdminServiceGrpc.getListRetentionPoliciesMethod = getListRetentionPoliciesMethod =
              io.grpc.MethodDescriptor.<aboveboard.admin.v1.ListRetentionPoliciesRequest, aboveboard.admin.v1.ListRetentionPoliciesResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListRetentionPolicies"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.ListRetentionPoliciesRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.ListRetentionPoliciesResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdminServiceMethodDescriptorSupplier("ListRetentionPolicies"))
              .build();
        }
      }
    }
    return getListRetentionPoliciesMethod;
  }

  private static volatile io.grpc.MethodDescriptor<aboveboard.admin.v1.UpdateRetentionPolicyRequest,
      aboveboard.admin.v1.UpdateRetentionPolicyResponse> getUpdateRetentionPolicyMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "UpdateRetentionPolicy",
      requestType = aboveboard.admin.v1.UpdateRetentionPolicyRequest.class,
      responseType = aboveboard.admin.v1.UpdateRetentionPolicyResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<aboveboard.admin.v1.UpdateRetentionPolicyRequest,
      aboveboard.admin.v1.UpdateRetentionPolicyResponse> getUpdateRetentionPolicyMethod() {
    io.grpc.MethodDescriptor<aboveboard.admin.v1.UpdateRetentionPolicyRequest, aboveboard.admin.v1.UpdateRetentionPolicyResponse> getUpdateRetentionPolicyMethod;
    if ((getUpdateRetentionPolicyMethod = AdminServiceGrpc.getUpdateRetentionPolicyMethod) == null) {
      synchronized (AdminServiceGrpc.class) {
        if ((getUpdateRetentionPolicyMethod = AdminServiceGrpc.getUpdateRetentionPolicyMethod) == null) {
          AdminServiceGrpc.getUpdateRetentionPolicyMethod = getUpdateRetentionPolicyMethod =
              io.grpc.MethodDescriptor.<aboveboard.admin.v1.UpdateRetentionPolicyRequest, aboveboard.admin.v1.UpdateRetentionPolicyResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "UpdateRetentionPolicy"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.UpdateRetentionPolicyRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.UpdateRetentionPolicyResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdminServiceMethodDescriptorSupplier("UpdateRetentionPolicy"))
              .build();
        }
      }
    }
    return getUpdateRetentionPolicyMethod;
  }

  private static volatile io.grpc.MethodDescriptor<aboveboard.admin.v1.EnforceRetentionRequest,
      aboveboard.admin.v1.EnforceRetentionResponse> getEnforceRetentionMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "EnforceRetention",
      requestType = aboveboard.admin.v1.EnforceRetentionRequest.class,
      responseType = aboveboard.admin.v1.EnforceRetentionResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<aboveboard.admin.v1.EnforceRetentionRequest,
      aboveboard.admin.v1.EnforceRetentionResponse> getEnforceRetentionMethod() {
    io.grpc.MethodDescriptor<aboveboard.admin.v1.EnforceRetentionRequest, aboveboard.admin.v1.EnforceRetentionResponse> getEnforceRetentionMethod;
    if ((getEnforceRetentionMethod = AdminServiceGrpc.getEnforceRetentionMethod) == null) {
      synchronized (AdminServiceGrpc.class) {
        if ((getEnforceRetentionMethod = AdminServiceGrpc.getEnforceRetentionMethod) == null) {
          AdminServiceGrpc.getEnforceRetentionMethod = getEnforceRetentionMethod =
              io.grpc.MethodDescriptor.<aboveboard.admin.v1.EnforceRetentionRequest, aboveboard.admin.v1.EnforceRetentionResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "EnforceRetention"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.EnforceRetentionRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.EnforceRetentionResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdminServiceMethodDescriptorSupplier("EnforceRetention"))
              .build();
        }
      }
    }
    return getEnforceRetentionMethod;
  }

  private static volatile io.grpc.MethodDescriptor<aboveboard.admin.v1.ListArchivedAggregatesRequest,
      aboveboard.admin.v1.ListArchivedAggregatesResponse> getListArchivedAggregatesMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListArchivedAggregates",
      requestType = aboveboard.admin.v1.ListArchivedAggregatesRequest.class,
      responseType = aboveboard.admin.v1.ListArchivedAggregatesResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<aboveboard.admin.v1.ListArchivedAggregatesRequest,
      aboveboard.admin.v1.ListArchivedAggregatesResponse> getListArchivedAggregatesMethod() {
    io.grpc.MethodDescriptor<aboveboard.admin.v1.ListArchivedAggregatesRequest, aboveboard.admin.v1.ListArchivedAggregatesResponse> getListArchivedAggregatesMethod;
    if ((getListArchivedAggregatesMethod = AdminServiceGrpc.getListArchivedAggregatesMethod) == null) {
      synchronized (AdminServiceGrpc.class) {
        if ((getListArchivedAggregatesMethod = AdminServiceGrpc.getListArchivedAggregatesMethod) == null) {
          AdminServiceGrpc.getListArchivedAggregatesMethod = getListArchivedAggregatesMethod =
              io.grpc.MethodDescriptor.<aboveboard.admin.v1.ListArchivedAggregatesRequest, aboveboard.admin.v1.ListArchivedAggregatesResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListArchivedAggregates"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.ListArchivedAggregatesRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.ListArchivedAggregatesResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdminServiceMethodDescriptorSupplier("ListArchivedAggregates"))
              .build();
        }
      }
    }
    return getListArchivedAggregatesMethod;
  }

  private static volatile io.grpc.MethodDescriptor<aboveboard.admin.v1.GetClockRequest,
      aboveboard.admin.v1.GetClockResponse> getGetClockMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetClock",
      requestType = aboveboard.admin.v1.GetClockRequest.class,
      responseType = aboveboard.admin.v1.GetClockResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<aboveboard.admin.v1.GetClockRequest,
      aboveboard.admin.v1.GetClockResponse> getGetClockMethod() {
    io.grpc.MethodDescriptor<aboveboard.admin.v1.GetClockRequest, aboveboard.admin.v1.GetClockResponse> getGetClockMethod;
    if ((getGetClockMethod = AdminServiceGrpc.getGetClockMethod) == null) {
      synchronized (AdminServiceGrpc.class) {
        if ((getGetClockMethod = AdminServiceGrpc.getGetClockMethod) == null) {
          AdminServiceGrpc.getGetClockMethod = getGetClockMethod =
              io.grpc.MethodDescriptor.<aboveboard.admin.v1.GetClockRequest, aboveboard.admin.v1.GetClockResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetClock"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.GetClockRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.GetClockResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdminServiceMethodDescriptorSupplier("GetClock"))
              .build();
        }
      }
    }
    return getGetClockMethod;
  }

  private static volatile io.grpc.MethodDescriptor<aboveboard.admin.v1.AcceptClockRequest,
      aboveboard.admin.v1.AcceptClockResponse> getAcceptClockMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "AcceptClock",
      requestType = aboveboard.admin.v1.AcceptClockRequest.class,
      responseType = aboveboard.admin.v1.AcceptClockResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<aboveboard.admin.v1.AcceptClockRequest,
      aboveboard.admin.v1.AcceptClockResponse> getAcceptClockMethod() {
    io.grpc.MethodDescriptor<aboveboard.admin.v1.AcceptClockRequest, aboveboard.admin.v1.AcceptClockResponse> getAcceptClockMethod;
    if ((getAcceptClockMethod = AdminServiceGrpc.getAcceptClockMethod) == null) {
      synchronized (AdminServiceGrpc.class) {
        if ((getAcceptClockMethod = AdminServiceGrpc.getAcceptClockMethod) == null) {
          AdminServiceGrpc.getAcceptClockMethod = getAcceptClockMethod =
              io.grpc.MethodDescriptor.<aboveboard.admin.v1.AcceptClockRequest, aboveboard.admin.v1.AcceptClockResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "AcceptClock"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.AcceptClockRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.AcceptClockResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdminServiceMethodDescriptorSupplier("AcceptClock"))
              .build();
        }
      }
    }
    return getAcceptClockMethod;
  }

  private static volatile io.grpc.MethodDescriptor<aboveboard.admin.v1.ExportSubjectDataRequest,
      aboveboard.admin.v1.ExportSubjectDataResponse> getExportSubjectDataMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ExportSubjectData",
      requestType = aboveboard.admin.v1.ExportSubjectDataRequest.class,
      responseType = aboveboard.admin.v1.ExportSubjectDataResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
  public static io.grpc.MethodDescriptor<aboveboard.admin.v1.ExportSubjectDataRequest,
      aboveboard.admin.v1.ExportSubjectDataResponse> getExportSubjectDataMethod() {
    io.grpc.MethodDescriptor<aboveboard.admin.v1.ExportSubjectDataRequest, aboveboard.admin.v1.ExportSubjectDataResponse> getExportSubjectDataMethod;
    if ((getExportSubjectDataMethod = AdminServiceGrpc.getExportSubjectDataMethod) == null) {
      synchronized (AdminServiceGrpc.class) {
        if ((getExportSubjectDataMethod = AdminServiceGrpc.getExportSubjectDataMethod) == null) {
          AdminServiceGrpc.getExportSubjectDataMethod = getExportSubjectDataMethod =
              io.grpc.MethodDescriptor.<aboveboard.admin.v1.ExportSubjectDataRequest, aboveboard.admin.v1.ExportSubjectDataResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ExportSubjectData"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.ExportSubjectDataRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.ExportSubjectDataResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdminServiceMethodDescriptorSupplier("ExportSubjectData"))
              .build();
        }
      }
    }
    return getExportSubjectDataMethod;
  }

  private static volatile io.grpc.MethodDescriptor<aboveboard.admin.v1.GetCompanyRequest,
      aboveboard.admin.v1.GetCompanyResponse> getGetCompanyMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetCompany",
      requestType = aboveboard.admin.v1.GetCompanyRequest.class,
      responseType = aboveboard.admin.v1.GetCompanyResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<aboveboard.admin.v1.GetCompanyRequest,
      aboveboard.admin.v1.GetCompanyResponse> getGetCompanyMethod() {
    io.grpc.MethodDescriptor<aboveboard.admin.v1.GetCompanyRequest, aboveboard.admin.v1.GetCompanyResponse> getGetCompanyMethod;
    if ((getGetCompanyMethod = AdminServiceGrpc.getGetCompanyMethod) == null) {
      synchronized (AdminServiceGrpc.class) {
        if ((getGetCompanyMethod = AdminServiceGrpc.getGetCompanyMethod) == null) {
          AdminServiceGrpc.getGetCompanyMethod = getGetCompanyMethod =
              io.grpc.MethodDescriptor.<aboveboard.admin.v1.GetCompanyRequest, aboveboard.admin.v1.GetCompanyResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetCompany"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.GetCompanyRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.GetCompanyResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdminServiceMethodDescriptorSupplier("GetCompany"))
              .build();
        }
      }
    }
    return getGetCompanyMethod;
  }

  private static volatile io.grpc.MethodDescriptor<aboveboard.admin.v1.ListCompaniesRequest,
      aboveboard.admin.v1.ListCompaniesResponse> getListCompaniesMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListCompanies",
      requestType = aboveboard.admin.v1.ListCompaniesRequest.class,
      responseType = aboveboard.admin.v1.ListCompaniesResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<aboveboard.admin.v1.ListCompaniesRequest,
      aboveboard.admin.v1.ListCompaniesResponse> getListCompaniesMethod() {
    io.grpc.MethodDescriptor<aboveboard.admin.v1.ListCompaniesRequest, aboveboard.admin.v1.ListCompaniesResponse> getListCompaniesMethod;
    if ((getListCompaniesMethod = AdminServiceGrpc.getListCompaniesMethod) == null) {
      synchronized (AdminServiceGrpc.class) {
        if ((getListCompaniesMethod = AdminServiceGrpc.getListCompaniesMethod) == null) {
          AdminServiceGrpc.getListCompaniesMethod = getListCompaniesMethod =
              io.grpc.MethodDescriptor.<aboveboard.admin.v1.ListCompaniesRequest, aboveboard.admin.v1.ListCompaniesResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListCompanies"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.ListCompaniesRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.ListCompaniesResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdminServiceMethodDescriptorSupplier("ListCompanies"))
              .build();
        }
      }
    }
    return getListCompaniesMethod;
  }

  private static volatile io.grpc.MethodDescriptor<aboveboard.admin.v1.UpdateCompanyRequest,
      aboveboard.admin.v1.UpdateCompanyResponse> getUpdateCompanyMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "UpdateCompany",
      requestType = aboveboard.admin.v1.UpdateCompanyRequest.class,
      responseType = aboveboard.admin.v1.UpdateCompanyResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<aboveboard.admin.v1.UpdateCompanyRequest,
      aboveboard.admin.v1.UpdateCompanyResponse> getUpdateCompanyMethod() {
    io.grpc.MethodDescriptor<aboveboard.admin.v1.UpdateCompanyRequest, aboveboard.admin.v1.UpdateCompanyResponse> getUpdateCompanyMethod;
    if ((getUpdateCompanyMethod = AdminServiceGrpc.getUpdateCompanyMethod) == null) {
      synchronized (AdminServiceGrpc.class) {
        if ((getUpdateCompanyMethod = AdminServiceGrpc.getUpdateCompanyMethod) == null) {
          AdminServiceGrpc.getUpdateCompanyMethod = getUpdateCompanyMethod =
              io.grpc.MethodDescriptor.<aboveboard.admin.v1.UpdateCompanyRequest, aboveboard.admin.v1.UpdateCompanyResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "UpdateCompany"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.UpdateCompanyRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.UpdateCompanyResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdminServiceMethodDescriptorSupplier("UpdateCompany"))
              .build();
        }
      }
    }
    return getUpdateCompanyMethod;
  }

  private static volatile io.grpc.MethodDescriptor<aboveboard.admin.v1.ListDeploymentsRequest,
      aboveboard.admin.v1.ListDeploymentsResponse> getListDeploymentsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListDeployments",
      requestType = aboveboard.admin.v1.ListDeploymentsRequest.class,
      responseType = aboveboard.admin.v1.ListDeploymentsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<aboveboard.admin.v1.ListDeploymentsRequest,
      aboveboard.admin.v1.ListDeploymentsResponse> getListDeploymentsMethod() {
    io.grpc.MethodDescriptor<aboveboard.admin.v1.ListDeploymentsRequest, aboveboard.admin.v1.ListDeploymentsResponse> getListDeploymentsMethod;
    if ((getListDeploymentsMethod = AdminServiceGrpc.getListDeploymentsMethod) == null) {
      synchronized (AdminServiceGrpc.class) {
        if ((getListDeploymentsMethod = AdminServiceGrpc.getListDeploymentsMethod) == null) {
          AdminServiceGrpc.getListDeploymentsMethod = getListDeploymentsMethod =
              io.grpc.MethodDescriptor.<aboveboard.admin.v1.ListDeploymentsRequest, aboveboard.admin.v1.ListDeploymentsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListDeployments"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.ListDeploymentsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.ListDeploymentsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdminServiceMethodDescriptorSupplier("ListDeployments"))
              .build();
        }
      }
    }
    return getListDeploymentsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<aboveboard.admin.v1.EstimateLossRequest,
      aboveboard.admin.v1.EstimateLossResponse> getEstimateLossMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "EstimateLoss",
      requestType = aboveboard.admin.v1.EstimateLossRequest.class,
      responseType = aboveboard.admin.v1.EstimateLossResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<aboveboard.admin.v1.EstimateLossRequest,
      aboveboard.admin.v1.EstimateLossResponse> getEstimateLossMethod() {
    io.grpc.MethodDescriptor<aboveboard.admin.v1.EstimateLossRequest, aboveboard.admin.v1.EstimateLossResponse> getEstimateLossMethod;
    if ((getEstimateLossMethod = AdminServiceGrpc.getEstimateLossMethod) == null) {
      synchronized (AdminServiceGrpc.class) {
        if ((getEstimateLossMethod = AdminServiceGrpc.getEstimateLossMethod) == null) {
          AdminServiceGrpc.getEstimateLossMethod = getEstimateLossMethod =
              io.grpc.MethodDescriptor.<aboveboard.admin.v1.EstimateLossRequest, aboveboard.admin.v1.EstimateLossResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "EstimateLoss"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.EstimateLossRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.EstimateLossResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdminServiceMethodDescriptorSupplier("EstimateLoss"))
              .build();
        }
      }
    }
    return getEstimateLossMethod;
  }

  private static volatile io.grpc.MethodDescriptor<aboveboard.admin.v1.ListQuarantinedEventsRequest,
      aboveboard.admin.v1.ListQuarantinedEventsResponse> getListQuarantinedEventsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListQuarantinedEvents",
      requestType = aboveboard.admin.v1.ListQuarantinedEventsRequest.class,
      responseType = aboveboard.admin.v1.ListQuarantinedEventsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<aboveboard.admin.v1.ListQuarantinedEventsRequest,
      aboveboard.admin.v1.ListQuarantinedEventsResponse> getListQuarantinedEventsMethod() {
    io.grpc.MethodDescriptor<aboveboard.admin.v1.ListQuarantinedEventsRequest, aboveboard.admin.v1.ListQuarantinedEventsResponse> getListQuarantinedEventsMethod;
    if ((getListQuarantinedEventsMethod = AdminServiceGrpc.getListQuarantinedEventsMethod) == null) {
      synchronized (AdminServiceGrpc.class) {
        if ((getListQuarantinedEventsMethod = AdminServiceGrpc.getListQuarantinedEventsMethod) == null) {
          AdminServiceGrpc.getListQuarantinedEventsMethod = getListQuarantinedEventsMethod =
              io.grpc.MethodDescriptor.<aboveboard.admin.v1.ListQuarantinedEventsRequest, aboveboard.admin.v1.ListQuarantinedEventsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListQuarantinedEvents"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.ListQuarantinedEventsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.ListQuarantinedEventsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdminServiceMethodDescriptorSupplier("ListQuarantinedEvents"))
              .build();
        }
      }
    }
    return getListQuarantinedEventsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<aboveboard.admin.v1.ReplayQuarantinedEventsRequest,
      aboveboard.admin.v1.ReplayQuarantinedEventsResponse> getReplayQuarantinedEventsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ReplayQuarantinedEvents",
      requestType = aboveboard.admin.v1.ReplayQuarantinedEventsRequest.class,
      responseType = aboveboard.admin.v1.ReplayQuarantinedEventsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<aboveboard.admin.v1.ReplayQuarantinedEventsRequest,
      aboveboard.admin.v1.ReplayQuarantinedEventsResponse> getReplayQuarantinedEventsMethod() {
    io.grpc.MethodDescriptor<aboveboard.admin.v1.ReplayQuarantinedEventsRequest, aboveboard.admin.v1.ReplayQuarantinedEventsResponse> getReplayQuarantinedEventsMethod;
    if ((getReplayQuarantinedEventsMethod = AdminServiceGrpc.getReplayQuarantinedEventsMethod) == null) {
      synchronized (AdminServiceGrpc.class) {
        if ((getReplayQuarantinedEventsMethod = AdminServiceGrpc.getReplayQuarantinedEventsMethod) == null) {
          AdminServiceGrpc.getReplayQuarantinedEventsMethod = getReplayQuarantinedEventsMethod =
              io.grpc.MethodDescriptor.<aboveboard.admin.v1.ReplayQuarantinedEventsRequest, aboveboard.admin.v1.ReplayQuarantinedEventsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ReplayQuarantinedEvents"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.ReplayQuarantinedEventsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.ReplayQuarantinedEventsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdminServiceMethodDescriptorSupplier("ReplayQuarantinedEvents"))
              .build();
        }
      }
    }
    return getReplayQuarantinedEventsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<aboveboard.admin.v1.ListAuditEntriesRequest,
      aboveboard.admin.v1.ListAuditEntriesResponse> getListAuditEntriesMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListAuditEntries",
      requestType = aboveboard.admin.v1.ListAuditEntriesRequest.class,
      responseType = aboveboard.admin.v1.ListAuditEntriesResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<aboveboard.admin.v1.ListAuditEntriesRequest,
      aboveboard.admin.v1.ListAuditEntriesResponse> getListAuditEntriesMethod() {
    io.grpc.MethodDescriptor<aboveboard.admin.v1.ListAuditEntriesRequest, aboveboard.admin.v1.ListAuditEntriesResponse> getListAuditEntriesMethod;
    if ((getListAuditEntriesMethod = AdminServiceGrpc.getListAuditEntriesMethod) == null) {
      synchronized (AdminServiceGrpc.class) {
        if ((getListAuditEntriesMethod = AdminServiceGrpc.getListAuditEntriesMethod) == null) {
          AdminServiceGrpc.getListAuditEntriesMethod = getListAuditEntriesMethod =
              io.grpc.MethodDescriptor.<aboveboard.admin.v1.ListAuditEntriesRequest, aboveboard.admin.v1.ListAuditEntriesResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListAuditEntries"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.ListAuditEntriesRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.ListAuditEntriesResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdminServiceMethodDescriptorSupplier("ListAuditEntries"))
              .build();
        }
      }
    }
    return getListAuditEntriesMethod;
  }

  private static volatile io.grpc.MethodDescriptor<aboveboard.admin.v1.CreateKeyRequest,
      aboveboard.admin.v1.CreateKeyResponse> getCreateKeyMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "CreateKey",
      requestType = aboveboard.admin.v1.CreateKeyRequest.class,
      responseType = aboveboard.admin.v1.CreateKeyResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<aboveboard.admin.v1.CreateKeyRequest,
      aboveboard.admin.v1.CreateKeyResponse> getCreateKeyMethod() {
    io.grpc.MethodDescriptor<aboveboard.admin.v1.CreateKeyRequest, aboveboard.admin.v1.CreateKeyResponse> getCreateKeyMethod;
    if ((getCreateKeyMethod = AdminServiceGrpc.getCreateKeyMethod) == null) {
      synchronized (AdminServiceGrpc.class) {
        if ((getCreateKeyMethod = AdminServiceGrpc.getCreateKeyMethod) == null) {
          AdminServiceGrpc.getCreateKeyMethod = getCreateKeyMethod =
              io.grpc.MethodDescriptor.<aboveboard.admin.v1.CreateKeyRequest, aboveboard.admin.v1.CreateKeyResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "CreateKey"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.CreateKeyRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.CreateKeyResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdminServiceMethodDescriptorSupplier("CreateKey"))
              .build();
        }
      }
    }
    return getCreateKeyMethod;
  }

  private static volatile io.grpc.MethodDescriptor<aboveboard.admin.v1.GetKeyRequest,
      aboveboard.admin.v1.GetKeyResponse> getGetKeyMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetKey",
      requestType = aboveboard.admin.v1.GetKeyRequest.class,
      responseType = aboveboard.admin.v1.GetKeyResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<aboveboard.admin.v1.GetKeyRequest,
      aboveboard.admin.v1.GetKeyResponse> getGetKeyMethod() {
    io.grpc.MethodDescriptor<aboveboard.admin.v1.GetKeyRequest, aboveboard.admin.v1.GetKeyResponse> getGetKeyMethod;
    if ((getGetKeyMethod = AdminServiceGrpc.getGetKeyMethod) == null) {
      synchronized (AdminServiceGrpc.class) {
        if ((getGetKeyMethod = AdminServiceGrpc.getGetKeyMethod) == null) {
          AdminServiceGrpc.getGetKeyMethod = getGetKeyMethod =
              io.grpc.MethodDescriptor.<aboveboard.admin.v1.GetKeyRequest, aboveboard.admin.v1.GetKeyResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetKey"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.GetKeyRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.GetKeyResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdminServiceMethodDescriptorSupplier("GetKey"))
              .build();
        }
      }
    }
    return getGetKeyMethod;
  }

  private static volatile io.grpc.MethodDescriptor<aboveboard.admin.v1.ListKeysRequest,
      aboveboard.admin.v1.ListKeysResponse> getListKeysMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListKeys",
      requestType = aboveboard.admin.v1.ListKeysRequest.class,
      responseType = aboveboard.admin.v1.ListKeysResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<aboveboard.admin.v1.ListKeysRequest,
      aboveboard.admin.v1.ListKeysResponse> getListKeysMethod() {
    io.grpc.MethodDescriptor<aboveboard.admin.v1.ListKeysRequest, aboveboard.admin.v1.ListKeysResponse> getListKeysMethod;
    if ((getListKeysMethod = AdminServiceGrpc.getListKeysMethod) == null) {
      synchronized (AdminServiceGrpc.class) {
        if ((getListKeysMethod = AdminServiceGrpc.getListKeysMethod) == null) {
          AdminServiceGrpc.getListKeysMethod = getListKeysMethod =
              io.grpc.MethodDescriptor.<aboveboard.admin.v1.ListKeysRequest, aboveboard.admin.v1.ListKeysResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListKeys"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.ListKeysRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.ListKeysResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdminServiceMethodDescriptorSupplier("ListKeys"))
              .build();
        }
      }
    }
    return getListKeysMethod;
  }

  private static volatile io.grpc.MethodDescriptor<aboveboard.admin.v1.RevokeKeyRequest,
      aboveboard.admin.v1.RevokeKeyResponse> getRevokeKeyMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "RevokeKey",
      requestType = aboveboard.admin.v1.RevokeKeyRequest.class,
      responseType = aboveboard.admin.v1.RevokeKeyResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<aboveboard.admin.v1.RevokeKeyRequest,
      aboveboard.admin.v1.RevokeKeyResponse> getRevokeKeyMethod() {
    io.grpc.MethodDescriptor<aboveboard.admin.v1.RevokeKeyRequest, aboveboard.admin.v1.RevokeKeyResponse> getRevokeKeyMethod;
    if ((getRevokeKeyMethod = AdminServiceGrpc.getRevokeKeyMethod) == null) {
      synchronized (AdminServiceGrpc.class) {
        if ((getRevokeKeyMethod = AdminServiceGrpc.getRevokeKeyMethod) == null) {
          AdminServiceGrpc.getRevokeKeyMethod = getRevokeKeyMethod =
              io.grpc.MethodDescriptor.<aboveboard.admin.v1.RevokeKeyRequest, aboveboard.admin.v1.RevokeKeyResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "RevokeKey"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.RevokeKeyRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  aboveboard.admin.v1.RevokeKeyResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdminServiceMethodDescriptorSupplier("RevokeKey"))
              .build();
        }
      }
    }
    return getRevokeKeyMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static AdminServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<AdminServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<AdminServiceStub>() {
        @java.lang.Override
        public AdminServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new AdminServiceStub(channel, callOptions);
        }
      };
    return AdminServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static AdminServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<AdminServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<AdminServiceBlockingV2Stub>() {
        @java.lang.Override
        public AdminServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new AdminServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return AdminServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static AdminServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<AdminServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<AdminServiceBlockingStub>() {
        @java.lang.Override
        public AdminServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new AdminServiceBlockingStub(channel, callOptions);
        }
      };
    return AdminServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static AdminServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<AdminServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<AdminServiceFutureStub>() {
        @java.lang.Override
        public AdminServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new AdminServiceFutureStub(channel, callOptions);
        }
      };
    return AdminServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * Lets a vendor keep its promises to those whose products report: opt-out,
   * deletion, retention, export, and whom to reach. Has a listener of its own.
   * Every call shows an admin key in its metadata, `authorization: Bearer
   * &lt;secret&gt;`, with the scope that the RPC's option names.
   * Every error carries a google.rpc.ErrorInfo whose reason is an
   * aboveboard.error.v1.ErrorReason. Each request and response stands beside its
   * noun; only the export, which has none, stands here.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * Forbids that anything of a subject is stored. In force for every commit
     * after it has returned, on every worker; survives restart, upgrade and
     * restore.
     * </pre>
     */
    default void createOptOut(aboveboard.admin.v1.CreateOptOutRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.CreateOptOutResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getCreateOptOutMethod(), responseObserver);
    }

    /**
     * <pre>
     * Answers one opt-out, in force or revoked.
     * </pre>
     */
    default void getOptOut(aboveboard.admin.v1.GetOptOutRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.GetOptOutResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetOptOutMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists opt-outs, newest first, 50 a page, capped at 1000.
     * </pre>
     */
    default void listOptOuts(aboveboard.admin.v1.ListOptOutsRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.ListOptOutsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListOptOutsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lifts an opt-out. What its source sends from now on is stored again, unless
     * another opt-out covers it. Idempotent.
     * </pre>
     */
    default void revokeOptOut(aboveboard.admin.v1.RevokeOptOutRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.RevokeOptOutResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getRevokeOptOutMethod(), responseObserver);
    }

    /**
     * <pre>
     * Deletes everything held on a subject. When it has returned, no commit on
     * any worker stores what occurred at or before the cut-off; the rows go in
     * the background, and GetDeletion tells how far it has come. With
     * `validate_only`, answers what would go and removes nothing. Idempotent by
     * `request_id`.
     * </pre>
     */
    default void createDeletion(aboveboard.admin.v1.CreateDeletionRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.CreateDeletionResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getCreateDeletionMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lets a deletion begin that a source has asked for and that waits,
     * PENDING_CONFIRMATION.
     * </pre>
     */
    default void confirmDeletion(aboveboard.admin.v1.ConfirmDeletionRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.ConfirmDeletionResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getConfirmDeletionMethod(), responseObserver);
    }

    /**
     * <pre>
     * Ends a deletion that waits, PENDING_CONFIRMATION, without removing anything.
     * What opted the subject out stays in force. Idempotent.
     * </pre>
     */
    default void rejectDeletion(aboveboard.admin.v1.RejectDeletionRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.RejectDeletionResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getRejectDeletionMethod(), responseObserver);
    }

    /**
     * <pre>
     * Answers one deletion: state, times, rows per table, receipt.
     * </pre>
     */
    default void getDeletion(aboveboard.admin.v1.GetDeletionRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.GetDeletionResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetDeletionMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists deletions, newest first, 50 a page, capped at 1000.
     * </pre>
     */
    default void listDeletions(aboveboard.admin.v1.ListDeletionsRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.ListDeletionsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListDeletionsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Answers one receipt with what verifies it and the completeness of the chain,
     * without anybody else's receipt: 32 bytes for each receipt before it.
     * </pre>
     */
    default void getReceiptBundle(aboveboard.admin.v1.GetReceiptBundleRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.GetReceiptBundleResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetReceiptBundleMethod(), responseObserver);
    }

    /**
     * <pre>
     * Answers how long events of one type live.
     * </pre>
     */
    default void getRetentionPolicy(aboveboard.admin.v1.GetRetentionPolicyRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.GetRetentionPolicyResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetRetentionPolicyMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists how long events live, one policy for each type, 50 a page, capped at
     * 1000.
     * </pre>
     */
    default void listRetentionPolicies(aboveboard.admin.v1.ListRetentionPoliciesRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.ListRetentionPoliciesResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListRetentionPoliciesMethod(), responseObserver);
    }

    /**
     * <pre>
     * Changes how long events of one type live, 45 to 3650 days, by `update_mask`.
     * Removes nothing itself.
     * </pre>
     */
    default void updateRetentionPolicy(aboveboard.admin.v1.UpdateRetentionPolicyRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.UpdateRetentionPolicyResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getUpdateRetentionPolicyMethod(), responseObserver);
    }

    /**
     * <pre>
     * Removes what has outlived its limit, as the daily sweep does. With
     * `validate_only`, answers what would go and removes nothing. Safe to send
     * again: it goes on where it stopped.
     * </pre>
     */
    default void enforceRetention(aboveboard.admin.v1.EnforceRetentionRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.EnforceRetentionResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getEnforceRetentionMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists what the archive holds, each number with its expected error, newest
     * month first, 50 a page, capped at 1000.
     * </pre>
     */
    default void listArchivedAggregates(aboveboard.admin.v1.ListArchivedAggregatesRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.ListArchivedAggregatesResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListArchivedAggregatesMethod(), responseObserver);
    }

    /**
     * <pre>
     * Answers whether this server's clock is plausible, and what lies in the
     * future by it.
     * </pre>
     */
    default void getClock(aboveboard.admin.v1.GetClockRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.GetClockResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetClockMethod(), responseObserver);
    }

    /**
     * <pre>
     * Takes this server's clock for right, also where that sets the kept time
     * back; cut-offs that lie in the future become now. Lets sweeps, releases and
     * deletions that waited for it go on.
     * </pre>
     */
    default void acceptClock(aboveboard.admin.v1.AcceptClockRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.AcceptClockResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getAcceptClockMethod(), responseObserver);
    }

    /**
     * <pre>
     * Streams everything held on a subject, as the protos themselves. Users
     * appear re-keyed. A subject of whom nothing is held is an empty stream.
     * </pre>
     */
    default void exportSubjectData(aboveboard.admin.v1.ExportSubjectDataRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.ExportSubjectDataResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getExportSubjectDataMethod(), responseObserver);
    }

    /**
     * <pre>
     * Answers one company with its contact.
     * </pre>
     */
    default void getCompany(aboveboard.admin.v1.GetCompanyRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.GetCompanyResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetCompanyMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists companies in order of their id, 50 a page, capped at 1000.
     * </pre>
     */
    default void listCompanies(aboveboard.admin.v1.ListCompaniesRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.ListCompaniesResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListCompaniesMethod(), responseObserver);
    }

    /**
     * <pre>
     * Changes a company's contact by `update_mask`.
     * </pre>
     */
    default void updateCompany(aboveboard.admin.v1.UpdateCompanyRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.UpdateCompanyResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getUpdateCompanyMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists which companies run a product in a range of versions, compared as
     * versions, with contact, first and last seen; anonymous servers apart. 50 a
     * page, capped at 1000.
     * </pre>
     */
    default void listDeployments(aboveboard.admin.v1.ListDeploymentsRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.ListDeploymentsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListDeploymentsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Estimates how many events never arrived, for each product and day, newest
     * day first, 50 a page, capped at 1000.
     * </pre>
     */
    default void estimateLoss(aboveboard.admin.v1.EstimateLossRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.EstimateLossResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getEstimateLossMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists what newer clients sent before this server knew it, without its
     * bytes, newest first, 50 a page, capped at 1000.
     * </pre>
     */
    default void listQuarantinedEvents(aboveboard.admin.v1.ListQuarantinedEventsRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.ListQuarantinedEventsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListQuarantinedEventsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Takes in the quarantined events that this server knows by now, through the
     * same gate and the same rules as any other. With `validate_only`, answers
     * what would become of them and changes nothing.
     * </pre>
     */
    default void replayQuarantinedEvents(aboveboard.admin.v1.ReplayQuarantinedEventsRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.ReplayQuarantinedEventsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getReplayQuarantinedEventsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists who did what, and when, newest first, 50 a page, capped at 1000.
     * </pre>
     */
    default void listAuditEntries(aboveboard.admin.v1.ListAuditEntriesRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.ListAuditEntriesResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListAuditEntriesMethod(), responseObserver);
    }

    /**
     * <pre>
     * Makes a key, and answers its secret this once: the server keeps only a
     * digest of it. In force on all workers within 5 seconds.
     * </pre>
     */
    default void createKey(aboveboard.admin.v1.CreateKeyRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.CreateKeyResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getCreateKeyMethod(), responseObserver);
    }

    /**
     * <pre>
     * Answers one key, in force or not; never its secret.
     * </pre>
     */
    default void getKey(aboveboard.admin.v1.GetKeyRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.GetKeyResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetKeyMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists keys, newest first, 50 a page, capped at 1000.
     * </pre>
     */
    default void listKeys(aboveboard.admin.v1.ListKeysRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.ListKeysResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListKeysMethod(), responseObserver);
    }

    /**
     * <pre>
     * Ends a key for good, on all workers within 5 seconds, in streams under way
     * too. Idempotent. Nothing keeps the last key with this scope from being
     * revoked: whoever starts the server can add another.
     * </pre>
     */
    default void revokeKey(aboveboard.admin.v1.RevokeKeyRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.RevokeKeyResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getRevokeKeyMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service AdminService.
   * <pre>
   * Lets a vendor keep its promises to those whose products report: opt-out,
   * deletion, retention, export, and whom to reach. Has a listener of its own.
   * Every call shows an admin key in its metadata, `authorization: Bearer
   * &lt;secret&gt;`, with the scope that the RPC's option names.
   * Every error carries a google.rpc.ErrorInfo whose reason is an
   * aboveboard.error.v1.ErrorReason. Each request and response stands beside its
   * noun; only the export, which has none, stands here.
   * </pre>
   */
  public static abstract class AdminServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return AdminServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service AdminService.
   * <pre>
   * Lets a vendor keep its promises to those whose products report: opt-out,
   * deletion, retention, export, and whom to reach. Has a listener of its own.
   * Every call shows an admin key in its metadata, `authorization: Bearer
   * &lt;secret&gt;`, with the scope that the RPC's option names.
   * Every error carries a google.rpc.ErrorInfo whose reason is an
   * aboveboard.error.v1.ErrorReason. Each request and response stands beside its
   * noun; only the export, which has none, stands here.
   * </pre>
   */
  public static final class AdminServiceStub
      extends io.grpc.stub.AbstractAsyncStub<AdminServiceStub> {
    private AdminServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected AdminServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new AdminServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * Forbids that anything of a subject is stored. In force for every commit
     * after it has returned, on every worker; survives restart, upgrade and
     * restore.
     * </pre>
     */
    public void createOptOut(aboveboard.admin.v1.CreateOptOutRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.CreateOptOutResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getCreateOptOutMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Answers one opt-out, in force or revoked.
     * </pre>
     */
    public void getOptOut(aboveboard.admin.v1.GetOptOutRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.GetOptOutResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetOptOutMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists opt-outs, newest first, 50 a page, capped at 1000.
     * </pre>
     */
    public void listOptOuts(aboveboard.admin.v1.ListOptOutsRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.ListOptOutsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListOptOutsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lifts an opt-out. What its source sends from now on is stored again, unless
     * another opt-out covers it. Idempotent.
     * </pre>
     */
    public void revokeOptOut(aboveboard.admin.v1.RevokeOptOutRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.RevokeOptOutResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getRevokeOptOutMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Deletes everything held on a subject. When it has returned, no commit on
     * any worker stores what occurred at or before the cut-off; the rows go in
     * the background, and GetDeletion tells how far it has come. With
     * `validate_only`, answers what would go and removes nothing. Idempotent by
     * `request_id`.
     * </pre>
     */
    public void createDeletion(aboveboard.admin.v1.CreateDeletionRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.CreateDeletionResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getCreateDeletionMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lets a deletion begin that a source has asked for and that waits,
     * PENDING_CONFIRMATION.
     * </pre>
     */
    public void confirmDeletion(aboveboard.admin.v1.ConfirmDeletionRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.ConfirmDeletionResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getConfirmDeletionMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Ends a deletion that waits, PENDING_CONFIRMATION, without removing anything.
     * What opted the subject out stays in force. Idempotent.
     * </pre>
     */
    public void rejectDeletion(aboveboard.admin.v1.RejectDeletionRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.RejectDeletionResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getRejectDeletionMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Answers one deletion: state, times, rows per table, receipt.
     * </pre>
     */
    public void getDeletion(aboveboard.admin.v1.GetDeletionRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.GetDeletionResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetDeletionMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists deletions, newest first, 50 a page, capped at 1000.
     * </pre>
     */
    public void listDeletions(aboveboard.admin.v1.ListDeletionsRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.ListDeletionsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListDeletionsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Answers one receipt with what verifies it and the completeness of the chain,
     * without anybody else's receipt: 32 bytes for each receipt before it.
     * </pre>
     */
    public void getReceiptBundle(aboveboard.admin.v1.GetReceiptBundleRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.GetReceiptBundleResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetReceiptBundleMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Answers how long events of one type live.
     * </pre>
     */
    public void getRetentionPolicy(aboveboard.admin.v1.GetRetentionPolicyRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.GetRetentionPolicyResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetRetentionPolicyMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists how long events live, one policy for each type, 50 a page, capped at
     * 1000.
     * </pre>
     */
    public void listRetentionPolicies(aboveboard.admin.v1.ListRetentionPoliciesRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.ListRetentionPoliciesResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListRetentionPoliciesMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Changes how long events of one type live, 45 to 3650 days, by `update_mask`.
     * Removes nothing itself.
     * </pre>
     */
    public void updateRetentionPolicy(aboveboard.admin.v1.UpdateRetentionPolicyRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.UpdateRetentionPolicyResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getUpdateRetentionPolicyMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Removes what has outlived its limit, as the daily sweep does. With
     * `validate_only`, answers what would go and removes nothing. Safe to send
     * again: it goes on where it stopped.
     * </pre>
     */
    public void enforceRetention(aboveboard.admin.v1.EnforceRetentionRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.EnforceRetentionResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getEnforceRetentionMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists what the archive holds, each number with its expected error, newest
     * month first, 50 a page, capped at 1000.
     * </pre>
     */
    public void listArchivedAggregates(aboveboard.admin.v1.ListArchivedAggregatesRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.ListArchivedAggregatesResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListArchivedAggregatesMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Answers whether this server's clock is plausible, and what lies in the
     * future by it.
     * </pre>
     */
    public void getClock(aboveboard.admin.v1.GetClockRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.GetClockResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetClockMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Takes this server's clock for right, also where that sets the kept time
     * back; cut-offs that lie in the future become now. Lets sweeps, releases and
     * deletions that waited for it go on.
     * </pre>
     */
    public void acceptClock(aboveboard.admin.v1.AcceptClockRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.AcceptClockResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getAcceptClockMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Streams everything held on a subject, as the protos themselves. Users
     * appear re-keyed. A subject of whom nothing is held is an empty stream.
     * </pre>
     */
    public void exportSubjectData(aboveboard.admin.v1.ExportSubjectDataRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.ExportSubjectDataResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncServerStreamingCall(
          getChannel().newCall(getExportSubjectDataMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Answers one company with its contact.
     * </pre>
     */
    public void getCompany(aboveboard.admin.v1.GetCompanyRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.GetCompanyResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetCompanyMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists companies in order of their id, 50 a page, capped at 1000.
     * </pre>
     */
    public void listCompanies(aboveboard.admin.v1.ListCompaniesRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.ListCompaniesResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListCompaniesMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Changes a company's contact by `update_mask`.
     * </pre>
     */
    public void updateCompany(aboveboard.admin.v1.UpdateCompanyRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.UpdateCompanyResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getUpdateCompanyMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists which companies run a product in a range of versions, compared as
     * versions, with contact, first and last seen; anonymous servers apart. 50 a
     * page, capped at 1000.
     * </pre>
     */
    public void listDeployments(aboveboard.admin.v1.ListDeploymentsRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.ListDeploymentsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListDeploymentsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Estimates how many events never arrived, for each product and day, newest
     * day first, 50 a page, capped at 1000.
     * </pre>
     */
    public void estimateLoss(aboveboard.admin.v1.EstimateLossRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.EstimateLossResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getEstimateLossMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists what newer clients sent before this server knew it, without its
     * bytes, newest first, 50 a page, capped at 1000.
     * </pre>
     */
    public void listQuarantinedEvents(aboveboard.admin.v1.ListQuarantinedEventsRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.ListQuarantinedEventsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListQuarantinedEventsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Takes in the quarantined events that this server knows by now, through the
     * same gate and the same rules as any other. With `validate_only`, answers
     * what would become of them and changes nothing.
     * </pre>
     */
    public void replayQuarantinedEvents(aboveboard.admin.v1.ReplayQuarantinedEventsRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.ReplayQuarantinedEventsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getReplayQuarantinedEventsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists who did what, and when, newest first, 50 a page, capped at 1000.
     * </pre>
     */
    public void listAuditEntries(aboveboard.admin.v1.ListAuditEntriesRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.ListAuditEntriesResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListAuditEntriesMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Makes a key, and answers its secret this once: the server keeps only a
     * digest of it. In force on all workers within 5 seconds.
     * </pre>
     */
    public void createKey(aboveboard.admin.v1.CreateKeyRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.CreateKeyResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getCreateKeyMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Answers one key, in force or not; never its secret.
     * </pre>
     */
    public void getKey(aboveboard.admin.v1.GetKeyRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.GetKeyResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetKeyMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists keys, newest first, 50 a page, capped at 1000.
     * </pre>
     */
    public void listKeys(aboveboard.admin.v1.ListKeysRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.ListKeysResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListKeysMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Ends a key for good, on all workers within 5 seconds, in streams under way
     * too. Idempotent. Nothing keeps the last key with this scope from being
     * revoked: whoever starts the server can add another.
     * </pre>
     */
    public void revokeKey(aboveboard.admin.v1.RevokeKeyRequest request,
        io.grpc.stub.StreamObserver<aboveboard.admin.v1.RevokeKeyResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getRevokeKeyMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service AdminService.
   * <pre>
   * Lets a vendor keep its promises to those whose products report: opt-out,
   * deletion, retention, export, and whom to reach. Has a listener of its own.
   * Every call shows an admin key in its metadata, `authorization: Bearer
   * &lt;secret&gt;`, with the scope that the RPC's option names.
   * Every error carries a google.rpc.ErrorInfo whose reason is an
   * aboveboard.error.v1.ErrorReason. Each request and response stands beside its
   * noun; only the export, which has none, stands here.
   * </pre>
   */
  public static final class AdminServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<AdminServiceBlockingV2Stub> {
    private AdminServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected AdminServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new AdminServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * Forbids that anything of a subject is stored. In force for every commit
     * after it has returned, on every worker; survives restart, upgrade and
     * restore.
     * </pre>
     */
    public aboveboard.admin.v1.CreateOptOutResponse createOptOut(aboveboard.admin.v1.CreateOptOutRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getCreateOptOutMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Answers one opt-out, in force or revoked.
     * </pre>
     */
    public aboveboard.admin.v1.GetOptOutResponse getOptOut(aboveboard.admin.v1.GetOptOutRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetOptOutMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists opt-outs, newest first, 50 a page, capped at 1000.
     * </pre>
     */
    public aboveboard.admin.v1.ListOptOutsResponse listOptOuts(aboveboard.admin.v1.ListOptOutsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListOptOutsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lifts an opt-out. What its source sends from now on is stored again, unless
     * another opt-out covers it. Idempotent.
     * </pre>
     */
    public aboveboard.admin.v1.RevokeOptOutResponse revokeOptOut(aboveboard.admin.v1.RevokeOptOutRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getRevokeOptOutMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Deletes everything held on a subject. When it has returned, no commit on
     * any worker stores what occurred at or before the cut-off; the rows go in
     * the background, and GetDeletion tells how far it has come. With
     * `validate_only`, answers what would go and removes nothing. Idempotent by
     * `request_id`.
     * </pre>
     */
    public aboveboard.admin.v1.CreateDeletionResponse createDeletion(aboveboard.admin.v1.CreateDeletionRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getCreateDeletionMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lets a deletion begin that a source has asked for and that waits,
     * PENDING_CONFIRMATION.
     * </pre>
     */
    public aboveboard.admin.v1.ConfirmDeletionResponse confirmDeletion(aboveboard.admin.v1.ConfirmDeletionRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getConfirmDeletionMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Ends a deletion that waits, PENDING_CONFIRMATION, without removing anything.
     * What opted the subject out stays in force. Idempotent.
     * </pre>
     */
    public aboveboard.admin.v1.RejectDeletionResponse rejectDeletion(aboveboard.admin.v1.RejectDeletionRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getRejectDeletionMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Answers one deletion: state, times, rows per table, receipt.
     * </pre>
     */
    public aboveboard.admin.v1.GetDeletionResponse getDeletion(aboveboard.admin.v1.GetDeletionRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetDeletionMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists deletions, newest first, 50 a page, capped at 1000.
     * </pre>
     */
    public aboveboard.admin.v1.ListDeletionsResponse listDeletions(aboveboard.admin.v1.ListDeletionsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListDeletionsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Answers one receipt with what verifies it and the completeness of the chain,
     * without anybody else's receipt: 32 bytes for each receipt before it.
     * </pre>
     */
    public aboveboard.admin.v1.GetReceiptBundleResponse getReceiptBundle(aboveboard.admin.v1.GetReceiptBundleRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetReceiptBundleMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Answers how long events of one type live.
     * </pre>
     */
    public aboveboard.admin.v1.GetRetentionPolicyResponse getRetentionPolicy(aboveboard.admin.v1.GetRetentionPolicyRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetRetentionPolicyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists how long events live, one policy for each type, 50 a page, capped at
     * 1000.
     * </pre>
     */
    public aboveboard.admin.v1.ListRetentionPoliciesResponse listRetentionPolicies(aboveboard.admin.v1.ListRetentionPoliciesRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListRetentionPoliciesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Changes how long events of one type live, 45 to 3650 days, by `update_mask`.
     * Removes nothing itself.
     * </pre>
     */
    public aboveboard.admin.v1.UpdateRetentionPolicyResponse updateRetentionPolicy(aboveboard.admin.v1.UpdateRetentionPolicyRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getUpdateRetentionPolicyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Removes what has outlived its limit, as the daily sweep does. With
     * `validate_only`, answers what would go and removes nothing. Safe to send
     * again: it goes on where it stopped.
     * </pre>
     */
    public aboveboard.admin.v1.EnforceRetentionResponse enforceRetention(aboveboard.admin.v1.EnforceRetentionRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getEnforceRetentionMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists what the archive holds, each number with its expected error, newest
     * month first, 50 a page, capped at 1000.
     * </pre>
     */
    public aboveboard.admin.v1.ListArchivedAggregatesResponse listArchivedAggregates(aboveboard.admin.v1.ListArchivedAggregatesRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListArchivedAggregatesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Answers whether this server's clock is plausible, and what lies in the
     * future by it.
     * </pre>
     */
    public aboveboard.admin.v1.GetClockResponse getClock(aboveboard.admin.v1.GetClockRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetClockMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Takes this server's clock for right, also where that sets the kept time
     * back; cut-offs that lie in the future become now. Lets sweeps, releases and
     * deletions that waited for it go on.
     * </pre>
     */
    public aboveboard.admin.v1.AcceptClockResponse acceptClock(aboveboard.admin.v1.AcceptClockRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getAcceptClockMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Streams everything held on a subject, as the protos themselves. Users
     * appear re-keyed. A subject of whom nothing is held is an empty stream.
     * </pre>
     */
    @io.grpc.ExperimentalApi("https://github.com/grpc/grpc-java/issues/10918")
    public io.grpc.stub.BlockingClientCall<?, aboveboard.admin.v1.ExportSubjectDataResponse>
        exportSubjectData(aboveboard.admin.v1.ExportSubjectDataRequest request) {
      return io.grpc.stub.ClientCalls.blockingV2ServerStreamingCall(
          getChannel(), getExportSubjectDataMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Answers one company with its contact.
     * </pre>
     */
    public aboveboard.admin.v1.GetCompanyResponse getCompany(aboveboard.admin.v1.GetCompanyRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetCompanyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists companies in order of their id, 50 a page, capped at 1000.
     * </pre>
     */
    public aboveboard.admin.v1.ListCompaniesResponse listCompanies(aboveboard.admin.v1.ListCompaniesRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListCompaniesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Changes a company's contact by `update_mask`.
     * </pre>
     */
    public aboveboard.admin.v1.UpdateCompanyResponse updateCompany(aboveboard.admin.v1.UpdateCompanyRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getUpdateCompanyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists which companies run a product in a range of versions, compared as
     * versions, with contact, first and last seen; anonymous servers apart. 50 a
     * page, capped at 1000.
     * </pre>
     */
    public aboveboard.admin.v1.ListDeploymentsResponse listDeployments(aboveboard.admin.v1.ListDeploymentsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListDeploymentsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Estimates how many events never arrived, for each product and day, newest
     * day first, 50 a page, capped at 1000.
     * </pre>
     */
    public aboveboard.admin.v1.EstimateLossResponse estimateLoss(aboveboard.admin.v1.EstimateLossRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getEstimateLossMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists what newer clients sent before this server knew it, without its
     * bytes, newest first, 50 a page, capped at 1000.
     * </pre>
     */
    public aboveboard.admin.v1.ListQuarantinedEventsResponse listQuarantinedEvents(aboveboard.admin.v1.ListQuarantinedEventsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListQuarantinedEventsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Takes in the quarantined events that this server knows by now, through the
     * same gate and the same rules as any other. With `validate_only`, answers
     * what would become of them and changes nothing.
     * </pre>
     */
    public aboveboard.admin.v1.ReplayQuarantinedEventsResponse replayQuarantinedEvents(aboveboard.admin.v1.ReplayQuarantinedEventsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getReplayQuarantinedEventsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists who did what, and when, newest first, 50 a page, capped at 1000.
     * </pre>
     */
    public aboveboard.admin.v1.ListAuditEntriesResponse listAuditEntries(aboveboard.admin.v1.ListAuditEntriesRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListAuditEntriesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Makes a key, and answers its secret this once: the server keeps only a
     * digest of it. In force on all workers within 5 seconds.
     * </pre>
     */
    public aboveboard.admin.v1.CreateKeyResponse createKey(aboveboard.admin.v1.CreateKeyRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getCreateKeyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Answers one key, in force or not; never its secret.
     * </pre>
     */
    public aboveboard.admin.v1.GetKeyResponse getKey(aboveboard.admin.v1.GetKeyRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetKeyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists keys, newest first, 50 a page, capped at 1000.
     * </pre>
     */
    public aboveboard.admin.v1.ListKeysResponse listKeys(aboveboard.admin.v1.ListKeysRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListKeysMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Ends a key for good, on all workers within 5 seconds, in streams under way
     * too. Idempotent. Nothing keeps the last key with this scope from being
     * revoked: whoever starts the server can add another.
     * </pre>
     */
    public aboveboard.admin.v1.RevokeKeyResponse revokeKey(aboveboard.admin.v1.RevokeKeyRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getRevokeKeyMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service AdminService.
   * <pre>
   * Lets a vendor keep its promises to those whose products report: opt-out,
   * deletion, retention, export, and whom to reach. Has a listener of its own.
   * Every call shows an admin key in its metadata, `authorization: Bearer
   * &lt;secret&gt;`, with the scope that the RPC's option names.
   * Every error carries a google.rpc.ErrorInfo whose reason is an
   * aboveboard.error.v1.ErrorReason. Each request and response stands beside its
   * noun; only the export, which has none, stands here.
   * </pre>
   */
  public static final class AdminServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<AdminServiceBlockingStub> {
    private AdminServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected AdminServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new AdminServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Forbids that anything of a subject is stored. In force for every commit
     * after it has returned, on every worker; survives restart, upgrade and
     * restore.
     * </pre>
     */
    public aboveboard.admin.v1.CreateOptOutResponse createOptOut(aboveboard.admin.v1.CreateOptOutRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getCreateOptOutMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Answers one opt-out, in force or revoked.
     * </pre>
     */
    public aboveboard.admin.v1.GetOptOutResponse getOptOut(aboveboard.admin.v1.GetOptOutRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetOptOutMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists opt-outs, newest first, 50 a page, capped at 1000.
     * </pre>
     */
    public aboveboard.admin.v1.ListOptOutsResponse listOptOuts(aboveboard.admin.v1.ListOptOutsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListOptOutsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lifts an opt-out. What its source sends from now on is stored again, unless
     * another opt-out covers it. Idempotent.
     * </pre>
     */
    public aboveboard.admin.v1.RevokeOptOutResponse revokeOptOut(aboveboard.admin.v1.RevokeOptOutRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getRevokeOptOutMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Deletes everything held on a subject. When it has returned, no commit on
     * any worker stores what occurred at or before the cut-off; the rows go in
     * the background, and GetDeletion tells how far it has come. With
     * `validate_only`, answers what would go and removes nothing. Idempotent by
     * `request_id`.
     * </pre>
     */
    public aboveboard.admin.v1.CreateDeletionResponse createDeletion(aboveboard.admin.v1.CreateDeletionRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getCreateDeletionMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lets a deletion begin that a source has asked for and that waits,
     * PENDING_CONFIRMATION.
     * </pre>
     */
    public aboveboard.admin.v1.ConfirmDeletionResponse confirmDeletion(aboveboard.admin.v1.ConfirmDeletionRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getConfirmDeletionMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Ends a deletion that waits, PENDING_CONFIRMATION, without removing anything.
     * What opted the subject out stays in force. Idempotent.
     * </pre>
     */
    public aboveboard.admin.v1.RejectDeletionResponse rejectDeletion(aboveboard.admin.v1.RejectDeletionRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getRejectDeletionMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Answers one deletion: state, times, rows per table, receipt.
     * </pre>
     */
    public aboveboard.admin.v1.GetDeletionResponse getDeletion(aboveboard.admin.v1.GetDeletionRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetDeletionMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists deletions, newest first, 50 a page, capped at 1000.
     * </pre>
     */
    public aboveboard.admin.v1.ListDeletionsResponse listDeletions(aboveboard.admin.v1.ListDeletionsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListDeletionsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Answers one receipt with what verifies it and the completeness of the chain,
     * without anybody else's receipt: 32 bytes for each receipt before it.
     * </pre>
     */
    public aboveboard.admin.v1.GetReceiptBundleResponse getReceiptBundle(aboveboard.admin.v1.GetReceiptBundleRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetReceiptBundleMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Answers how long events of one type live.
     * </pre>
     */
    public aboveboard.admin.v1.GetRetentionPolicyResponse getRetentionPolicy(aboveboard.admin.v1.GetRetentionPolicyRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetRetentionPolicyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists how long events live, one policy for each type, 50 a page, capped at
     * 1000.
     * </pre>
     */
    public aboveboard.admin.v1.ListRetentionPoliciesResponse listRetentionPolicies(aboveboard.admin.v1.ListRetentionPoliciesRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListRetentionPoliciesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Changes how long events of one type live, 45 to 3650 days, by `update_mask`.
     * Removes nothing itself.
     * </pre>
     */
    public aboveboard.admin.v1.UpdateRetentionPolicyResponse updateRetentionPolicy(aboveboard.admin.v1.UpdateRetentionPolicyRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getUpdateRetentionPolicyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Removes what has outlived its limit, as the daily sweep does. With
     * `validate_only`, answers what would go and removes nothing. Safe to send
     * again: it goes on where it stopped.
     * </pre>
     */
    public aboveboard.admin.v1.EnforceRetentionResponse enforceRetention(aboveboard.admin.v1.EnforceRetentionRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getEnforceRetentionMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists what the archive holds, each number with its expected error, newest
     * month first, 50 a page, capped at 1000.
     * </pre>
     */
    public aboveboard.admin.v1.ListArchivedAggregatesResponse listArchivedAggregates(aboveboard.admin.v1.ListArchivedAggregatesRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListArchivedAggregatesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Answers whether this server's clock is plausible, and what lies in the
     * future by it.
     * </pre>
     */
    public aboveboard.admin.v1.GetClockResponse getClock(aboveboard.admin.v1.GetClockRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetClockMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Takes this server's clock for right, also where that sets the kept time
     * back; cut-offs that lie in the future become now. Lets sweeps, releases and
     * deletions that waited for it go on.
     * </pre>
     */
    public aboveboard.admin.v1.AcceptClockResponse acceptClock(aboveboard.admin.v1.AcceptClockRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getAcceptClockMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Streams everything held on a subject, as the protos themselves. Users
     * appear re-keyed. A subject of whom nothing is held is an empty stream.
     * </pre>
     */
    public java.util.Iterator<aboveboard.admin.v1.ExportSubjectDataResponse> exportSubjectData(
        aboveboard.admin.v1.ExportSubjectDataRequest request) {
      return io.grpc.stub.ClientCalls.blockingServerStreamingCall(
          getChannel(), getExportSubjectDataMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Answers one company with its contact.
     * </pre>
     */
    public aboveboard.admin.v1.GetCompanyResponse getCompany(aboveboard.admin.v1.GetCompanyRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetCompanyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists companies in order of their id, 50 a page, capped at 1000.
     * </pre>
     */
    public aboveboard.admin.v1.ListCompaniesResponse listCompanies(aboveboard.admin.v1.ListCompaniesRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListCompaniesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Changes a company's contact by `update_mask`.
     * </pre>
     */
    public aboveboard.admin.v1.UpdateCompanyResponse updateCompany(aboveboard.admin.v1.UpdateCompanyRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getUpdateCompanyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists which companies run a product in a range of versions, compared as
     * versions, with contact, first and last seen; anonymous servers apart. 50 a
     * page, capped at 1000.
     * </pre>
     */
    public aboveboard.admin.v1.ListDeploymentsResponse listDeployments(aboveboard.admin.v1.ListDeploymentsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListDeploymentsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Estimates how many events never arrived, for each product and day, newest
     * day first, 50 a page, capped at 1000.
     * </pre>
     */
    public aboveboard.admin.v1.EstimateLossResponse estimateLoss(aboveboard.admin.v1.EstimateLossRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getEstimateLossMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists what newer clients sent before this server knew it, without its
     * bytes, newest first, 50 a page, capped at 1000.
     * </pre>
     */
    public aboveboard.admin.v1.ListQuarantinedEventsResponse listQuarantinedEvents(aboveboard.admin.v1.ListQuarantinedEventsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListQuarantinedEventsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Takes in the quarantined events that this server knows by now, through the
     * same gate and the same rules as any other. With `validate_only`, answers
     * what would become of them and changes nothing.
     * </pre>
     */
    public aboveboard.admin.v1.ReplayQuarantinedEventsResponse replayQuarantinedEvents(aboveboard.admin.v1.ReplayQuarantinedEventsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getReplayQuarantinedEventsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists who did what, and when, newest first, 50 a page, capped at 1000.
     * </pre>
     */
    public aboveboard.admin.v1.ListAuditEntriesResponse listAuditEntries(aboveboard.admin.v1.ListAuditEntriesRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListAuditEntriesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Makes a key, and answers its secret this once: the server keeps only a
     * digest of it. In force on all workers within 5 seconds.
     * </pre>
     */
    public aboveboard.admin.v1.CreateKeyResponse createKey(aboveboard.admin.v1.CreateKeyRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getCreateKeyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Answers one key, in force or not; never its secret.
     * </pre>
     */
    public aboveboard.admin.v1.GetKeyResponse getKey(aboveboard.admin.v1.GetKeyRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetKeyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists keys, newest first, 50 a page, capped at 1000.
     * </pre>
     */
    public aboveboard.admin.v1.ListKeysResponse listKeys(aboveboard.admin.v1.ListKeysRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListKeysMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Ends a key for good, on all workers within 5 seconds, in streams under way
     * too. Idempotent. Nothing keeps the last key with this scope from being
     * revoked: whoever starts the server can add another.
     * </pre>
     */
    public aboveboard.admin.v1.RevokeKeyResponse revokeKey(aboveboard.admin.v1.RevokeKeyRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getRevokeKeyMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service AdminService.
   * <pre>
   * Lets a vendor keep its promises to those whose products report: opt-out,
   * deletion, retention, export, and whom to reach. Has a listener of its own.
   * Every call shows an admin key in its metadata, `authorization: Bearer
   * &lt;secret&gt;`, with the scope that the RPC's option names.
   * Every error carries a google.rpc.ErrorInfo whose reason is an
   * aboveboard.error.v1.ErrorReason. Each request and response stands beside its
   * noun; only the export, which has none, stands here.
   * </pre>
   */
  public static final class AdminServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<AdminServiceFutureStub> {
    private AdminServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected AdminServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new AdminServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Forbids that anything of a subject is stored. In force for every commit
     * after it has returned, on every worker; survives restart, upgrade and
     * restore.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<aboveboard.admin.v1.CreateOptOutResponse> createOptOut(
        aboveboard.admin.v1.CreateOptOutRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getCreateOptOutMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Answers one opt-out, in force or revoked.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<aboveboard.admin.v1.GetOptOutResponse> getOptOut(
        aboveboard.admin.v1.GetOptOutRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetOptOutMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists opt-outs, newest first, 50 a page, capped at 1000.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<aboveboard.admin.v1.ListOptOutsResponse> listOptOuts(
        aboveboard.admin.v1.ListOptOutsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListOptOutsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lifts an opt-out. What its source sends from now on is stored again, unless
     * another opt-out covers it. Idempotent.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<aboveboard.admin.v1.RevokeOptOutResponse> revokeOptOut(
        aboveboard.admin.v1.RevokeOptOutRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getRevokeOptOutMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Deletes everything held on a subject. When it has returned, no commit on
     * any worker stores what occurred at or before the cut-off; the rows go in
     * the background, and GetDeletion tells how far it has come. With
     * `validate_only`, answers what would go and removes nothing. Idempotent by
     * `request_id`.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<aboveboard.admin.v1.CreateDeletionResponse> createDeletion(
        aboveboard.admin.v1.CreateDeletionRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getCreateDeletionMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lets a deletion begin that a source has asked for and that waits,
     * PENDING_CONFIRMATION.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<aboveboard.admin.v1.ConfirmDeletionResponse> confirmDeletion(
        aboveboard.admin.v1.ConfirmDeletionRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getConfirmDeletionMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Ends a deletion that waits, PENDING_CONFIRMATION, without removing anything.
     * What opted the subject out stays in force. Idempotent.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<aboveboard.admin.v1.RejectDeletionResponse> rejectDeletion(
        aboveboard.admin.v1.RejectDeletionRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getRejectDeletionMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Answers one deletion: state, times, rows per table, receipt.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<aboveboard.admin.v1.GetDeletionResponse> getDeletion(
        aboveboard.admin.v1.GetDeletionRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetDeletionMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists deletions, newest first, 50 a page, capped at 1000.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<aboveboard.admin.v1.ListDeletionsResponse> listDeletions(
        aboveboard.admin.v1.ListDeletionsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListDeletionsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Answers one receipt with what verifies it and the completeness of the chain,
     * without anybody else's receipt: 32 bytes for each receipt before it.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<aboveboard.admin.v1.GetReceiptBundleResponse> getReceiptBundle(
        aboveboard.admin.v1.GetReceiptBundleRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetReceiptBundleMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Answers how long events of one type live.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<aboveboard.admin.v1.GetRetentionPolicyResponse> getRetentionPolicy(
        aboveboard.admin.v1.GetRetentionPolicyRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetRetentionPolicyMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists how long events live, one policy for each type, 50 a page, capped at
     * 1000.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<aboveboard.admin.v1.ListRetentionPoliciesResponse> listRetentionPolicies(
        aboveboard.admin.v1.ListRetentionPoliciesRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListRetentionPoliciesMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Changes how long events of one type live, 45 to 3650 days, by `update_mask`.
     * Removes nothing itself.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<aboveboard.admin.v1.UpdateRetentionPolicyResponse> updateRetentionPolicy(
        aboveboard.admin.v1.UpdateRetentionPolicyRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getUpdateRetentionPolicyMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Removes what has outlived its limit, as the daily sweep does. With
     * `validate_only`, answers what would go and removes nothing. Safe to send
     * again: it goes on where it stopped.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<aboveboard.admin.v1.EnforceRetentionResponse> enforceRetention(
        aboveboard.admin.v1.EnforceRetentionRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getEnforceRetentionMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists what the archive holds, each number with its expected error, newest
     * month first, 50 a page, capped at 1000.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<aboveboard.admin.v1.ListArchivedAggregatesResponse> listArchivedAggregates(
        aboveboard.admin.v1.ListArchivedAggregatesRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListArchivedAggregatesMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Answers whether this server's clock is plausible, and what lies in the
     * future by it.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<aboveboard.admin.v1.GetClockResponse> getClock(
        aboveboard.admin.v1.GetClockRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetClockMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Takes this server's clock for right, also where that sets the kept time
     * back; cut-offs that lie in the future become now. Lets sweeps, releases and
     * deletions that waited for it go on.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<aboveboard.admin.v1.AcceptClockResponse> acceptClock(
        aboveboard.admin.v1.AcceptClockRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getAcceptClockMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Answers one company with its contact.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<aboveboard.admin.v1.GetCompanyResponse> getCompany(
        aboveboard.admin.v1.GetCompanyRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetCompanyMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists companies in order of their id, 50 a page, capped at 1000.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<aboveboard.admin.v1.ListCompaniesResponse> listCompanies(
        aboveboard.admin.v1.ListCompaniesRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListCompaniesMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Changes a company's contact by `update_mask`.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<aboveboard.admin.v1.UpdateCompanyResponse> updateCompany(
        aboveboard.admin.v1.UpdateCompanyRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getUpdateCompanyMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists which companies run a product in a range of versions, compared as
     * versions, with contact, first and last seen; anonymous servers apart. 50 a
     * page, capped at 1000.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<aboveboard.admin.v1.ListDeploymentsResponse> listDeployments(
        aboveboard.admin.v1.ListDeploymentsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListDeploymentsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Estimates how many events never arrived, for each product and day, newest
     * day first, 50 a page, capped at 1000.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<aboveboard.admin.v1.EstimateLossResponse> estimateLoss(
        aboveboard.admin.v1.EstimateLossRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getEstimateLossMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists what newer clients sent before this server knew it, without its
     * bytes, newest first, 50 a page, capped at 1000.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<aboveboard.admin.v1.ListQuarantinedEventsResponse> listQuarantinedEvents(
        aboveboard.admin.v1.ListQuarantinedEventsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListQuarantinedEventsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Takes in the quarantined events that this server knows by now, through the
     * same gate and the same rules as any other. With `validate_only`, answers
     * what would become of them and changes nothing.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<aboveboard.admin.v1.ReplayQuarantinedEventsResponse> replayQuarantinedEvents(
        aboveboard.admin.v1.ReplayQuarantinedEventsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getReplayQuarantinedEventsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists who did what, and when, newest first, 50 a page, capped at 1000.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<aboveboard.admin.v1.ListAuditEntriesResponse> listAuditEntries(
        aboveboard.admin.v1.ListAuditEntriesRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListAuditEntriesMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Makes a key, and answers its secret this once: the server keeps only a
     * digest of it. In force on all workers within 5 seconds.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<aboveboard.admin.v1.CreateKeyResponse> createKey(
        aboveboard.admin.v1.CreateKeyRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getCreateKeyMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Answers one key, in force or not; never its secret.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<aboveboard.admin.v1.GetKeyResponse> getKey(
        aboveboard.admin.v1.GetKeyRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetKeyMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists keys, newest first, 50 a page, capped at 1000.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<aboveboard.admin.v1.ListKeysResponse> listKeys(
        aboveboard.admin.v1.ListKeysRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListKeysMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Ends a key for good, on all workers within 5 seconds, in streams under way
     * too. Idempotent. Nothing keeps the last key with this scope from being
     * revoked: whoever starts the server can add another.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<aboveboard.admin.v1.RevokeKeyResponse> revokeKey(
        aboveboard.admin.v1.RevokeKeyRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getRevokeKeyMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_CREATE_OPT_OUT = 0;
  private static final int METHODID_GET_OPT_OUT = 1;
  private static final int METHODID_LIST_OPT_OUTS = 2;
  private static final int METHODID_REVOKE_OPT_OUT = 3;
  private static final int METHODID_CREATE_DELETION = 4;
  private static final int METHODID_CONFIRM_DELETION = 5;
  private static final int METHODID_REJECT_DELETION = 6;
  private static final int METHODID_GET_DELETION = 7;
  private static final int METHODID_LIST_DELETIONS = 8;
  private static final int METHODID_GET_RECEIPT_BUNDLE = 9;
  private static final int METHODID_GET_RETENTION_POLICY = 10;
  private static final int METHODID_LIST_RETENTION_POLICIES = 11;
  private static final int METHODID_UPDATE_RETENTION_POLICY = 12;
  private static final int METHODID_ENFORCE_RETENTION = 13;
  private static final int METHODID_LIST_ARCHIVED_AGGREGATES = 14;
  private static final int METHODID_GET_CLOCK = 15;
  private static final int METHODID_ACCEPT_CLOCK = 16;
  private static final int METHODID_EXPORT_SUBJECT_DATA = 17;
  private static final int METHODID_GET_COMPANY = 18;
  private static final int METHODID_LIST_COMPANIES = 19;
  private static final int METHODID_UPDATE_COMPANY = 20;
  private static final int METHODID_LIST_DEPLOYMENTS = 21;
  private static final int METHODID_ESTIMATE_LOSS = 22;
  private static final int METHODID_LIST_QUARANTINED_EVENTS = 23;
  private static final int METHODID_REPLAY_QUARANTINED_EVENTS = 24;
  private static final int METHODID_LIST_AUDIT_ENTRIES = 25;
  private static final int METHODID_CREATE_KEY = 26;
  private static final int METHODID_GET_KEY = 27;
  private static final int METHODID_LIST_KEYS = 28;
  private static final int METHODID_REVOKE_KEY = 29;

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
        case METHODID_CREATE_OPT_OUT:
          serviceImpl.createOptOut((aboveboard.admin.v1.CreateOptOutRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.admin.v1.CreateOptOutResponse>) responseObserver);
          break;
        case METHODID_GET_OPT_OUT:
          serviceImpl.getOptOut((aboveboard.admin.v1.GetOptOutRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.admin.v1.GetOptOutResponse>) responseObserver);
          break;
        case METHODID_LIST_OPT_OUTS:
          serviceImpl.listOptOuts((aboveboard.admin.v1.ListOptOutsRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.admin.v1.ListOptOutsResponse>) responseObserver);
          break;
        case METHODID_REVOKE_OPT_OUT:
          serviceImpl.revokeOptOut((aboveboard.admin.v1.RevokeOptOutRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.admin.v1.RevokeOptOutResponse>) responseObserver);
          break;
        case METHODID_CREATE_DELETION:
          serviceImpl.createDeletion((aboveboard.admin.v1.CreateDeletionRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.admin.v1.CreateDeletionResponse>) responseObserver);
          break;
        case METHODID_CONFIRM_DELETION:
          serviceImpl.confirmDeletion((aboveboard.admin.v1.ConfirmDeletionRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.admin.v1.ConfirmDeletionResponse>) responseObserver);
          break;
        case METHODID_REJECT_DELETION:
          serviceImpl.rejectDeletion((aboveboard.admin.v1.RejectDeletionRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.admin.v1.RejectDeletionResponse>) responseObserver);
          break;
        case METHODID_GET_DELETION:
          serviceImpl.getDeletion((aboveboard.admin.v1.GetDeletionRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.admin.v1.GetDeletionResponse>) responseObserver);
          break;
        case METHODID_LIST_DELETIONS:
          serviceImpl.listDeletions((aboveboard.admin.v1.ListDeletionsRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.admin.v1.ListDeletionsResponse>) responseObserver);
          break;
        case METHODID_GET_RECEIPT_BUNDLE:
          serviceImpl.getReceiptBundle((aboveboard.admin.v1.GetReceiptBundleRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.admin.v1.GetReceiptBundleResponse>) responseObserver);
          break;
        case METHODID_GET_RETENTION_POLICY:
          serviceImpl.getRetentionPolicy((aboveboard.admin.v1.GetRetentionPolicyRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.admin.v1.GetRetentionPolicyResponse>) responseObserver);
          break;
        case METHODID_LIST_RETENTION_POLICIES:
          serviceImpl.listRetentionPolicies((aboveboard.admin.v1.ListRetentionPoliciesRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.admin.v1.ListRetentionPoliciesResponse>) responseObserver);
          break;
        case METHODID_UPDATE_RETENTION_POLICY:
          serviceImpl.updateRetentionPolicy((aboveboard.admin.v1.UpdateRetentionPolicyRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.admin.v1.UpdateRetentionPolicyResponse>) responseObserver);
          break;
        case METHODID_ENFORCE_RETENTION:
          serviceImpl.enforceRetention((aboveboard.admin.v1.EnforceRetentionRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.admin.v1.EnforceRetentionResponse>) responseObserver);
          break;
        case METHODID_LIST_ARCHIVED_AGGREGATES:
          serviceImpl.listArchivedAggregates((aboveboard.admin.v1.ListArchivedAggregatesRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.admin.v1.ListArchivedAggregatesResponse>) responseObserver);
          break;
        case METHODID_GET_CLOCK:
          serviceImpl.getClock((aboveboard.admin.v1.GetClockRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.admin.v1.GetClockResponse>) responseObserver);
          break;
        case METHODID_ACCEPT_CLOCK:
          serviceImpl.acceptClock((aboveboard.admin.v1.AcceptClockRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.admin.v1.AcceptClockResponse>) responseObserver);
          break;
        case METHODID_EXPORT_SUBJECT_DATA:
          serviceImpl.exportSubjectData((aboveboard.admin.v1.ExportSubjectDataRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.admin.v1.ExportSubjectDataResponse>) responseObserver);
          break;
        case METHODID_GET_COMPANY:
          serviceImpl.getCompany((aboveboard.admin.v1.GetCompanyRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.admin.v1.GetCompanyResponse>) responseObserver);
          break;
        case METHODID_LIST_COMPANIES:
          serviceImpl.listCompanies((aboveboard.admin.v1.ListCompaniesRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.admin.v1.ListCompaniesResponse>) responseObserver);
          break;
        case METHODID_UPDATE_COMPANY:
          serviceImpl.updateCompany((aboveboard.admin.v1.UpdateCompanyRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.admin.v1.UpdateCompanyResponse>) responseObserver);
          break;
        case METHODID_LIST_DEPLOYMENTS:
          serviceImpl.listDeployments((aboveboard.admin.v1.ListDeploymentsRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.admin.v1.ListDeploymentsResponse>) responseObserver);
          break;
        case METHODID_ESTIMATE_LOSS:
          serviceImpl.estimateLoss((aboveboard.admin.v1.EstimateLossRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.admin.v1.EstimateLossResponse>) responseObserver);
          break;
        case METHODID_LIST_QUARANTINED_EVENTS:
          serviceImpl.listQuarantinedEvents((aboveboard.admin.v1.ListQuarantinedEventsRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.admin.v1.ListQuarantinedEventsResponse>) responseObserver);
          break;
        case METHODID_REPLAY_QUARANTINED_EVENTS:
          serviceImpl.replayQuarantinedEvents((aboveboard.admin.v1.ReplayQuarantinedEventsRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.admin.v1.ReplayQuarantinedEventsResponse>) responseObserver);
          break;
        case METHODID_LIST_AUDIT_ENTRIES:
          serviceImpl.listAuditEntries((aboveboard.admin.v1.ListAuditEntriesRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.admin.v1.ListAuditEntriesResponse>) responseObserver);
          break;
        case METHODID_CREATE_KEY:
          serviceImpl.createKey((aboveboard.admin.v1.CreateKeyRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.admin.v1.CreateKeyResponse>) responseObserver);
          break;
        case METHODID_GET_KEY:
          serviceImpl.getKey((aboveboard.admin.v1.GetKeyRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.admin.v1.GetKeyResponse>) responseObserver);
          break;
        case METHODID_LIST_KEYS:
          serviceImpl.listKeys((aboveboard.admin.v1.ListKeysRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.admin.v1.ListKeysResponse>) responseObserver);
          break;
        case METHODID_REVOKE_KEY:
          serviceImpl.revokeKey((aboveboard.admin.v1.RevokeKeyRequest) request,
              (io.grpc.stub.StreamObserver<aboveboard.admin.v1.RevokeKeyResponse>) responseObserver);
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
        default:
          throw new AssertionError();
      }
    }
  }

  public static final io.grpc.ServerServiceDefinition bindService(AsyncService service) {
    return io.grpc.ServerServiceDefinition.builder(getServiceDescriptor())
        .addMethod(
          getCreateOptOutMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              aboveboard.admin.v1.CreateOptOutRequest,
              aboveboard.admin.v1.CreateOptOutResponse>(
                service, METHODID_CREATE_OPT_OUT)))
        .addMethod(
          getGetOptOutMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              aboveboard.admin.v1.GetOptOutRequest,
              aboveboard.admin.v1.GetOptOutResponse>(
                service, METHODID_GET_OPT_OUT)))
        .addMethod(
          getListOptOutsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              aboveboard.admin.v1.ListOptOutsRequest,
              aboveboard.admin.v1.ListOptOutsResponse>(
                service, METHODID_LIST_OPT_OUTS)))
        .addMethod(
          getRevokeOptOutMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              aboveboard.admin.v1.RevokeOptOutRequest,
              aboveboard.admin.v1.RevokeOptOutResponse>(
                service, METHODID_REVOKE_OPT_OUT)))
        .addMethod(
          getCreateDeletionMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              aboveboard.admin.v1.CreateDeletionRequest,
              aboveboard.admin.v1.CreateDeletionResponse>(
                service, METHODID_CREATE_DELETION)))
        .addMethod(
          getConfirmDeletionMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              aboveboard.admin.v1.ConfirmDeletionRequest,
              aboveboard.admin.v1.ConfirmDeletionResponse>(
                service, METHODID_CONFIRM_DELETION)))
        .addMethod(
          getRejectDeletionMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              aboveboard.admin.v1.RejectDeletionRequest,
              aboveboard.admin.v1.RejectDeletionResponse>(
                service, METHODID_REJECT_DELETION)))
        .addMethod(
          getGetDeletionMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              aboveboard.admin.v1.GetDeletionRequest,
              aboveboard.admin.v1.GetDeletionResponse>(
                service, METHODID_GET_DELETION)))
        .addMethod(
          getListDeletionsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              aboveboard.admin.v1.ListDeletionsRequest,
              aboveboard.admin.v1.ListDeletionsResponse>(
                service, METHODID_LIST_DELETIONS)))
        .addMethod(
          getGetReceiptBundleMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              aboveboard.admin.v1.GetReceiptBundleRequest,
              aboveboard.admin.v1.GetReceiptBundleResponse>(
                service, METHODID_GET_RECEIPT_BUNDLE)))
        .addMethod(
          getGetRetentionPolicyMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              aboveboard.admin.v1.GetRetentionPolicyRequest,
              aboveboard.admin.v1.GetRetentionPolicyResponse>(
                service, METHODID_GET_RETENTION_POLICY)))
        .addMethod(
          getListRetentionPoliciesMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              aboveboard.admin.v1.ListRetentionPoliciesRequest,
              aboveboard.admin.v1.ListRetentionPoliciesResponse>(
                service, METHODID_LIST_RETENTION_POLICIES)))
        .addMethod(
          getUpdateRetentionPolicyMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              aboveboard.admin.v1.UpdateRetentionPolicyRequest,
              aboveboard.admin.v1.UpdateRetentionPolicyResponse>(
                service, METHODID_UPDATE_RETENTION_POLICY)))
        .addMethod(
          getEnforceRetentionMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              aboveboard.admin.v1.EnforceRetentionRequest,
              aboveboard.admin.v1.EnforceRetentionResponse>(
                service, METHODID_ENFORCE_RETENTION)))
        .addMethod(
          getListArchivedAggregatesMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              aboveboard.admin.v1.ListArchivedAggregatesRequest,
              aboveboard.admin.v1.ListArchivedAggregatesResponse>(
                service, METHODID_LIST_ARCHIVED_AGGREGATES)))
        .addMethod(
          getGetClockMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              aboveboard.admin.v1.GetClockRequest,
              aboveboard.admin.v1.GetClockResponse>(
                service, METHODID_GET_CLOCK)))
        .addMethod(
          getAcceptClockMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              aboveboard.admin.v1.AcceptClockRequest,
              aboveboard.admin.v1.AcceptClockResponse>(
                service, METHODID_ACCEPT_CLOCK)))
        .addMethod(
          getExportSubjectDataMethod(),
          io.grpc.stub.ServerCalls.asyncServerStreamingCall(
            new MethodHandlers<
              aboveboard.admin.v1.ExportSubjectDataRequest,
              aboveboard.admin.v1.ExportSubjectDataResponse>(
                service, METHODID_EXPORT_SUBJECT_DATA)))
        .addMethod(
          getGetCompanyMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              aboveboard.admin.v1.GetCompanyRequest,
              aboveboard.admin.v1.GetCompanyResponse>(
                service, METHODID_GET_COMPANY)))
        .addMethod(
          getListCompaniesMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              aboveboard.admin.v1.ListCompaniesRequest,
              aboveboard.admin.v1.ListCompaniesResponse>(
                service, METHODID_LIST_COMPANIES)))
        .addMethod(
          getUpdateCompanyMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              aboveboard.admin.v1.UpdateCompanyRequest,
              aboveboard.admin.v1.UpdateCompanyResponse>(
                service, METHODID_UPDATE_COMPANY)))
        .addMethod(
          getListDeploymentsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              aboveboard.admin.v1.ListDeploymentsRequest,
              aboveboard.admin.v1.ListDeploymentsResponse>(
                service, METHODID_LIST_DEPLOYMENTS)))
        .addMethod(
          getEstimateLossMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              aboveboard.admin.v1.EstimateLossRequest,
              aboveboard.admin.v1.EstimateLossResponse>(
                service, METHODID_ESTIMATE_LOSS)))
        .addMethod(
          getListQuarantinedEventsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              aboveboard.admin.v1.ListQuarantinedEventsRequest,
              aboveboard.admin.v1.ListQuarantinedEventsResponse>(
                service, METHODID_LIST_QUARANTINED_EVENTS)))
        .addMethod(
          getReplayQuarantinedEventsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              aboveboard.admin.v1.ReplayQuarantinedEventsRequest,
              aboveboard.admin.v1.ReplayQuarantinedEventsResponse>(
                service, METHODID_REPLAY_QUARANTINED_EVENTS)))
        .addMethod(
          getListAuditEntriesMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              aboveboard.admin.v1.ListAuditEntriesRequest,
              aboveboard.admin.v1.ListAuditEntriesResponse>(
                service, METHODID_LIST_AUDIT_ENTRIES)))
        .addMethod(
          getCreateKeyMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              aboveboard.admin.v1.CreateKeyRequest,
              aboveboard.admin.v1.CreateKeyResponse>(
                service, METHODID_CREATE_KEY)))
        .addMethod(
          getGetKeyMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              aboveboard.admin.v1.GetKeyRequest,
              aboveboard.admin.v1.GetKeyResponse>(
                service, METHODID_GET_KEY)))
        .addMethod(
          getListKeysMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              aboveboard.admin.v1.ListKeysRequest,
              aboveboard.admin.v1.ListKeysResponse>(
                service, METHODID_LIST_KEYS)))
        .addMethod(
          getRevokeKeyMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              aboveboard.admin.v1.RevokeKeyRequest,
              aboveboard.admin.v1.RevokeKeyResponse>(
                service, METHODID_REVOKE_KEY)))
        .build();
  }

  private static abstract class AdminServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    AdminServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return aboveboard.admin.v1.AdminServiceProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("AdminService");
    }
  }

  private static final class AdminServiceFileDescriptorSupplier
      extends AdminServiceBaseDescriptorSupplier {
    AdminServiceFileDescriptorSupplier() {}
  }

  private static final class AdminServiceMethodDescriptorSupplier
      extends AdminServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    AdminServiceMethodDescriptorSupplier(java.lang.String methodName) {
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
      synchronized (AdminServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new AdminServiceFileDescriptorSupplier())
              .addMethod(getCreateOptOutMethod())
              .addMethod(getGetOptOutMethod())
              .addMethod(getListOptOutsMethod())
              .addMethod(getRevokeOptOutMethod())
              .addMethod(getCreateDeletionMethod())
              .addMethod(getConfirmDeletionMethod())
              .addMethod(getRejectDeletionMethod())
              .addMethod(getGetDeletionMethod())
              .addMethod(getListDeletionsMethod())
              .addMethod(getGetReceiptBundleMethod())
              .addMethod(getGetRetentionPolicyMethod())
              .addMethod(getListRetentionPoliciesMethod())
              .addMethod(getUpdateRetentionPolicyMethod())
              .addMethod(getEnforceRetentionMethod())
              .addMethod(getListArchivedAggregatesMethod())
              .addMethod(getGetClockMethod())
              .addMethod(getAcceptClockMethod())
              .addMethod(getExportSubjectDataMethod())
              .addMethod(getGetCompanyMethod())
              .addMethod(getListCompaniesMethod())
              .addMethod(getUpdateCompanyMethod())
              .addMethod(getListDeploymentsMethod())
              .addMethod(getEstimateLossMethod())
              .addMethod(getListQuarantinedEventsMethod())
              .addMethod(getReplayQuarantinedEventsMethod())
              .addMethod(getListAuditEntriesMethod())
              .addMethod(getCreateKeyMethod())
              .addMethod(getGetKeyMethod())
              .addMethod(getListKeysMethod())
              .addMethod(getRevokeKeyMethod())
              .build();
        }
      }
    }
    return result;
  }
}
