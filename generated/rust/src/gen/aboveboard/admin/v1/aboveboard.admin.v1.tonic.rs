// @generated
/// Generated client implementations.
pub mod admin_service_client {
    #![allow(
        unused_variables,
        dead_code,
        missing_docs,
        clippy::wildcard_imports,
        clippy::let_unit_value,
    )]
    use tonic::codegen::*;
    use tonic::codegen::http::Uri;
    /** Lets a vendor keep its promises to those whose products report: opt-out,
 deletion, retention, export, and whom to reach. Has a listener of its own.
 Every call shows an admin key in its metadata, `authorization: Bearer
 <secret>`, with the scope that the RPC's option names.
 Every error carries a google.rpc.ErrorInfo whose reason is an
 aboveboard.error.v1.ErrorReason. Each request and response stands beside its
 noun; only the export, which has none, stands here.
*/
    #[derive(Debug, Clone)]
    pub struct AdminServiceClient<T> {
        inner: tonic::client::Grpc<T>,
    }
    impl AdminServiceClient<tonic::transport::Channel> {
        /// Attempt to create a new client by connecting to a given endpoint.
        pub async fn connect<D>(dst: D) -> Result<Self, tonic::transport::Error>
        where
            D: TryInto<tonic::transport::Endpoint>,
            D::Error: Into<StdError>,
        {
            let conn = tonic::transport::Endpoint::new(dst)?.connect().await?;
            Ok(Self::new(conn))
        }
    }
    impl<T> AdminServiceClient<T>
    where
        T: tonic::client::GrpcService<tonic::body::Body>,
        T::Error: Into<StdError>,
        T::ResponseBody: Body<Data = Bytes> + std::marker::Send + 'static,
        <T::ResponseBody as Body>::Error: Into<StdError> + std::marker::Send,
    {
        pub fn new(inner: T) -> Self {
            let inner = tonic::client::Grpc::new(inner);
            Self { inner }
        }
        pub fn with_origin(inner: T, origin: Uri) -> Self {
            let inner = tonic::client::Grpc::with_origin(inner, origin);
            Self { inner }
        }
        pub fn with_interceptor<F>(
            inner: T,
            interceptor: F,
        ) -> AdminServiceClient<InterceptedService<T, F>>
        where
            F: tonic::service::Interceptor,
            T::ResponseBody: Default,
            T: tonic::codegen::Service<
                http::Request<tonic::body::Body>,
                Response = http::Response<
                    <T as tonic::client::GrpcService<tonic::body::Body>>::ResponseBody,
                >,
            >,
            <T as tonic::codegen::Service<
                http::Request<tonic::body::Body>,
            >>::Error: Into<StdError> + std::marker::Send + std::marker::Sync,
        {
            AdminServiceClient::new(InterceptedService::new(inner, interceptor))
        }
        /// Compress requests with the given encoding.
        ///
        /// This requires the server to support it otherwise it might respond with an
        /// error.
        #[must_use]
        pub fn send_compressed(mut self, encoding: CompressionEncoding) -> Self {
            self.inner = self.inner.send_compressed(encoding);
            self
        }
        /// Enable decompressing responses.
        #[must_use]
        pub fn accept_compressed(mut self, encoding: CompressionEncoding) -> Self {
            self.inner = self.inner.accept_compressed(encoding);
            self
        }
        /// Limits the maximum size of a decoded message.
        ///
        /// Default: `4MB`
        #[must_use]
        pub fn max_decoding_message_size(mut self, limit: usize) -> Self {
            self.inner = self.inner.max_decoding_message_size(limit);
            self
        }
        /// Limits the maximum size of an encoded message.
        ///
        /// Default: `usize::MAX`
        #[must_use]
        pub fn max_encoding_message_size(mut self, limit: usize) -> Self {
            self.inner = self.inner.max_encoding_message_size(limit);
            self
        }
        /** Forbids that anything of a subject is stored. In force for every commit
 after it has returned, on every worker; survives restart, upgrade and
 restore.
*/
        pub async fn create_opt_out(
            &mut self,
            request: impl tonic::IntoRequest<super::CreateOptOutRequest>,
        ) -> std::result::Result<
            tonic::Response<super::CreateOptOutResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/aboveboard.admin.v1.AdminService/CreateOptOut",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new("aboveboard.admin.v1.AdminService", "CreateOptOut"),
                );
            self.inner.unary(req, path, codec).await
        }
        /** Answers one opt-out, in force or revoked.
*/
        pub async fn get_opt_out(
            &mut self,
            request: impl tonic::IntoRequest<super::GetOptOutRequest>,
        ) -> std::result::Result<
            tonic::Response<super::GetOptOutResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/aboveboard.admin.v1.AdminService/GetOptOut",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new("aboveboard.admin.v1.AdminService", "GetOptOut"),
                );
            self.inner.unary(req, path, codec).await
        }
        /** Lists opt-outs, newest first, 50 a page, capped at 1000.
*/
        pub async fn list_opt_outs(
            &mut self,
            request: impl tonic::IntoRequest<super::ListOptOutsRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ListOptOutsResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/aboveboard.admin.v1.AdminService/ListOptOuts",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new("aboveboard.admin.v1.AdminService", "ListOptOuts"),
                );
            self.inner.unary(req, path, codec).await
        }
        /** Lifts an opt-out. What its source sends from now on is stored again, unless
 another opt-out covers it. Idempotent.
*/
        pub async fn revoke_opt_out(
            &mut self,
            request: impl tonic::IntoRequest<super::RevokeOptOutRequest>,
        ) -> std::result::Result<
            tonic::Response<super::RevokeOptOutResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/aboveboard.admin.v1.AdminService/RevokeOptOut",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new("aboveboard.admin.v1.AdminService", "RevokeOptOut"),
                );
            self.inner.unary(req, path, codec).await
        }
        /** Deletes everything held on a subject. When it has returned, no commit on
 any worker stores what occurred at or before the cut-off; the rows go in
 the background, and GetDeletion tells how far it has come. With
 `validate_only`, answers what would go and removes nothing. Idempotent by
 `request_id`.
*/
        pub async fn create_deletion(
            &mut self,
            request: impl tonic::IntoRequest<super::CreateDeletionRequest>,
        ) -> std::result::Result<
            tonic::Response<super::CreateDeletionResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/aboveboard.admin.v1.AdminService/CreateDeletion",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new("aboveboard.admin.v1.AdminService", "CreateDeletion"),
                );
            self.inner.unary(req, path, codec).await
        }
        /** Lets a deletion begin that a source has asked for and that waits,
 PENDING_CONFIRMATION.
*/
        pub async fn confirm_deletion(
            &mut self,
            request: impl tonic::IntoRequest<super::ConfirmDeletionRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ConfirmDeletionResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/aboveboard.admin.v1.AdminService/ConfirmDeletion",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new(
                        "aboveboard.admin.v1.AdminService",
                        "ConfirmDeletion",
                    ),
                );
            self.inner.unary(req, path, codec).await
        }
        /** Ends a deletion that waits, PENDING_CONFIRMATION, without removing anything.
 What opted the subject out stays in force. Idempotent.
*/
        pub async fn reject_deletion(
            &mut self,
            request: impl tonic::IntoRequest<super::RejectDeletionRequest>,
        ) -> std::result::Result<
            tonic::Response<super::RejectDeletionResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/aboveboard.admin.v1.AdminService/RejectDeletion",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new("aboveboard.admin.v1.AdminService", "RejectDeletion"),
                );
            self.inner.unary(req, path, codec).await
        }
        /** Answers one deletion: state, times, rows per table, receipt.
*/
        pub async fn get_deletion(
            &mut self,
            request: impl tonic::IntoRequest<super::GetDeletionRequest>,
        ) -> std::result::Result<
            tonic::Response<super::GetDeletionResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/aboveboard.admin.v1.AdminService/GetDeletion",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new("aboveboard.admin.v1.AdminService", "GetDeletion"),
                );
            self.inner.unary(req, path, codec).await
        }
        /** Lists deletions, newest first, 50 a page, capped at 1000.
*/
        pub async fn list_deletions(
            &mut self,
            request: impl tonic::IntoRequest<super::ListDeletionsRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ListDeletionsResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/aboveboard.admin.v1.AdminService/ListDeletions",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new("aboveboard.admin.v1.AdminService", "ListDeletions"),
                );
            self.inner.unary(req, path, codec).await
        }
        /** Answers one receipt with what verifies it and the completeness of the chain,
 without anybody else's receipt: 32 bytes for each receipt before it.
*/
        pub async fn get_receipt_bundle(
            &mut self,
            request: impl tonic::IntoRequest<super::GetReceiptBundleRequest>,
        ) -> std::result::Result<
            tonic::Response<super::GetReceiptBundleResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/aboveboard.admin.v1.AdminService/GetReceiptBundle",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new(
                        "aboveboard.admin.v1.AdminService",
                        "GetReceiptBundle",
                    ),
                );
            self.inner.unary(req, path, codec).await
        }
        /** Answers how long events of one type live.
*/
        pub async fn get_retention_policy(
            &mut self,
            request: impl tonic::IntoRequest<super::GetRetentionPolicyRequest>,
        ) -> std::result::Result<
            tonic::Response<super::GetRetentionPolicyResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/aboveboard.admin.v1.AdminService/GetRetentionPolicy",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new(
                        "aboveboard.admin.v1.AdminService",
                        "GetRetentionPolicy",
                    ),
                );
            self.inner.unary(req, path, codec).await
        }
        /** Lists how long events live, one policy for each type, 50 a page, capped at
 1000.
*/
        pub async fn list_retention_policies(
            &mut self,
            request: impl tonic::IntoRequest<super::ListRetentionPoliciesRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ListRetentionPoliciesResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/aboveboard.admin.v1.AdminService/ListRetentionPolicies",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new(
                        "aboveboard.admin.v1.AdminService",
                        "ListRetentionPolicies",
                    ),
                );
            self.inner.unary(req, path, codec).await
        }
        /** Changes how long events of one type live, 45 to 3650 days, by `update_mask`.
 Removes nothing itself.
*/
        pub async fn update_retention_policy(
            &mut self,
            request: impl tonic::IntoRequest<super::UpdateRetentionPolicyRequest>,
        ) -> std::result::Result<
            tonic::Response<super::UpdateRetentionPolicyResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/aboveboard.admin.v1.AdminService/UpdateRetentionPolicy",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new(
                        "aboveboard.admin.v1.AdminService",
                        "UpdateRetentionPolicy",
                    ),
                );
            self.inner.unary(req, path, codec).await
        }
        /** Removes what has outlived its limit, as the daily sweep does. With
 `validate_only`, answers what would go and removes nothing. Safe to send
 again: it goes on where it stopped.
*/
        pub async fn enforce_retention(
            &mut self,
            request: impl tonic::IntoRequest<super::EnforceRetentionRequest>,
        ) -> std::result::Result<
            tonic::Response<super::EnforceRetentionResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/aboveboard.admin.v1.AdminService/EnforceRetention",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new(
                        "aboveboard.admin.v1.AdminService",
                        "EnforceRetention",
                    ),
                );
            self.inner.unary(req, path, codec).await
        }
        /** Lists what the archive holds, each number with its expected error, newest
 month first, 50 a page, capped at 1000.
*/
        pub async fn list_archived_aggregates(
            &mut self,
            request: impl tonic::IntoRequest<super::ListArchivedAggregatesRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ListArchivedAggregatesResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/aboveboard.admin.v1.AdminService/ListArchivedAggregates",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new(
                        "aboveboard.admin.v1.AdminService",
                        "ListArchivedAggregates",
                    ),
                );
            self.inner.unary(req, path, codec).await
        }
        /** Answers whether this server's clock is plausible, and what lies in the
 future by it.
*/
        pub async fn get_clock(
            &mut self,
            request: impl tonic::IntoRequest<super::GetClockRequest>,
        ) -> std::result::Result<
            tonic::Response<super::GetClockResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/aboveboard.admin.v1.AdminService/GetClock",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(GrpcMethod::new("aboveboard.admin.v1.AdminService", "GetClock"));
            self.inner.unary(req, path, codec).await
        }
        /** Takes this server's clock for right, also where that sets the kept time
 back; cut-offs that lie in the future become now. Lets sweeps, releases and
 deletions that waited for it go on.
*/
        pub async fn accept_clock(
            &mut self,
            request: impl tonic::IntoRequest<super::AcceptClockRequest>,
        ) -> std::result::Result<
            tonic::Response<super::AcceptClockResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/aboveboard.admin.v1.AdminService/AcceptClock",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new("aboveboard.admin.v1.AdminService", "AcceptClock"),
                );
            self.inner.unary(req, path, codec).await
        }
        /** Streams everything held on a subject, as the protos themselves. Users
 appear re-keyed. A subject of whom nothing is held is an empty stream.
*/
        pub async fn export_subject_data(
            &mut self,
            request: impl tonic::IntoRequest<super::ExportSubjectDataRequest>,
        ) -> std::result::Result<
            tonic::Response<tonic::codec::Streaming<super::ExportSubjectDataResponse>>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/aboveboard.admin.v1.AdminService/ExportSubjectData",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new(
                        "aboveboard.admin.v1.AdminService",
                        "ExportSubjectData",
                    ),
                );
            self.inner.server_streaming(req, path, codec).await
        }
        /** Answers one company with its contact.
*/
        pub async fn get_company(
            &mut self,
            request: impl tonic::IntoRequest<super::GetCompanyRequest>,
        ) -> std::result::Result<
            tonic::Response<super::GetCompanyResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/aboveboard.admin.v1.AdminService/GetCompany",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new("aboveboard.admin.v1.AdminService", "GetCompany"),
                );
            self.inner.unary(req, path, codec).await
        }
        /** Lists companies in order of their id, 50 a page, capped at 1000.
*/
        pub async fn list_companies(
            &mut self,
            request: impl tonic::IntoRequest<super::ListCompaniesRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ListCompaniesResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/aboveboard.admin.v1.AdminService/ListCompanies",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new("aboveboard.admin.v1.AdminService", "ListCompanies"),
                );
            self.inner.unary(req, path, codec).await
        }
        pub async fn update_company(
            &mut self,
            request: impl tonic::IntoRequest<super::UpdateCompanyRequest>,
        ) -> std::result::Result<
            tonic::Response<super::UpdateCompanyResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/aboveboard.admin.v1.AdminService/UpdateCompany",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new("aboveboard.admin.v1.AdminService", "UpdateCompany"),
                );
            self.inner.unary(req, path, codec).await
        }
        pub async fn list_deployments(
            &mut self,
            request: impl tonic::IntoRequest<super::ListDeploymentsRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ListDeploymentsResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/aboveboard.admin.v1.AdminService/ListDeployments",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new(
                        "aboveboard.admin.v1.AdminService",
                        "ListDeployments",
                    ),
                );
            self.inner.unary(req, path, codec).await
        }
        pub async fn estimate_loss(
            &mut self,
            request: impl tonic::IntoRequest<super::EstimateLossRequest>,
        ) -> std::result::Result<
            tonic::Response<super::EstimateLossResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/aboveboard.admin.v1.AdminService/EstimateLoss",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new("aboveboard.admin.v1.AdminService", "EstimateLoss"),
                );
            self.inner.unary(req, path, codec).await
        }
        pub async fn list_quarantined_events(
            &mut self,
            request: impl tonic::IntoRequest<super::ListQuarantinedEventsRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ListQuarantinedEventsResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/aboveboard.admin.v1.AdminService/ListQuarantinedEvents",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new(
                        "aboveboard.admin.v1.AdminService",
                        "ListQuarantinedEvents",
                    ),
                );
            self.inner.unary(req, path, codec).await
        }
        pub async fn replay_quarantined_events(
            &mut self,
            request: impl tonic::IntoRequest<super::ReplayQuarantinedEventsRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ReplayQuarantinedEventsResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/aboveboard.admin.v1.AdminService/ReplayQuarantinedEvents",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new(
                        "aboveboard.admin.v1.AdminService",
                        "ReplayQuarantinedEvents",
                    ),
                );
            self.inner.unary(req, path, codec).await
        }
        pub async fn list_audit_entries(
            &mut self,
            request: impl tonic::IntoRequest<super::ListAuditEntriesRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ListAuditEntriesResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/aboveboard.admin.v1.AdminService/ListAuditEntries",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new(
                        "aboveboard.admin.v1.AdminService",
                        "ListAuditEntries",
                    ),
                );
            self.inner.unary(req, path, codec).await
        }
        pub async fn create_key(
            &mut self,
            request: impl tonic::IntoRequest<super::CreateKeyRequest>,
        ) -> std::result::Result<
            tonic::Response<super::CreateKeyResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/aboveboard.admin.v1.AdminService/CreateKey",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new("aboveboard.admin.v1.AdminService", "CreateKey"),
                );
            self.inner.unary(req, path, codec).await
        }
        pub async fn get_key(
            &mut self,
            request: impl tonic::IntoRequest<super::GetKeyRequest>,
        ) -> std::result::Result<tonic::Response<super::GetKeyResponse>, tonic::Status> {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/aboveboard.admin.v1.AdminService/GetKey",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(GrpcMethod::new("aboveboard.admin.v1.AdminService", "GetKey"));
            self.inner.unary(req, path, codec).await
        }
        pub async fn list_keys(
            &mut self,
            request: impl tonic::IntoRequest<super::ListKeysRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ListKeysResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/aboveboard.admin.v1.AdminService/ListKeys",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(GrpcMethod::new("aboveboard.admin.v1.AdminService", "ListKeys"));
            self.inner.unary(req, path, codec).await
        }
        pub async fn revoke_key(
            &mut self,
            request: impl tonic::IntoRequest<super::RevokeKeyRequest>,
        ) -> std::result::Result<
            tonic::Response<super::RevokeKeyResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/aboveboard.admin.v1.AdminService/RevokeKey",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new("aboveboard.admin.v1.AdminService", "RevokeKey"),
                );
            self.inner.unary(req, path, codec).await
        }
    }
}
