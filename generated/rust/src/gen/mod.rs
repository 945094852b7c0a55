// @generated
pub mod aboveboard {
    pub mod admin {
        // @@protoc_insertion_point(attribute:aboveboard.admin.v1)
        pub mod v1 {
            include!("aboveboard/admin/v1/aboveboard.admin.v1.rs");
            // @@protoc_insertion_point(aboveboard.admin.v1)
        }
    }
    pub mod error {
        // @@protoc_insertion_point(attribute:aboveboard.error.v1)
        pub mod v1 {
            include!("aboveboard/error/v1/aboveboard.error.v1.rs");
            // @@protoc_insertion_point(aboveboard.error.v1)
        }
    }
    pub mod event {
        // @@protoc_insertion_point(attribute:aboveboard.event.v1)
        pub mod v1 {
            include!("aboveboard/event/v1/aboveboard.event.v1.rs");
            // @@protoc_insertion_point(aboveboard.event.v1)
        }
    }
    pub mod ingest {
        // @@protoc_insertion_point(attribute:aboveboard.ingest.v1)
        pub mod v1 {
            include!("aboveboard/ingest/v1/aboveboard.ingest.v1.rs");
            // @@protoc_insertion_point(aboveboard.ingest.v1)
        }
    }
    pub mod schema {
        // @@protoc_insertion_point(attribute:aboveboard.schema.v1)
        pub mod v1 {
            include!("aboveboard/schema/v1/aboveboard.schema.v1.rs");
            // @@protoc_insertion_point(aboveboard.schema.v1)
        }
    }
    pub mod telemetry {
        // @@protoc_insertion_point(attribute:aboveboard.telemetry.v1)
        pub mod v1 {
            include!("aboveboard/telemetry/v1/aboveboard.telemetry.v1.rs");
            // @@protoc_insertion_point(aboveboard.telemetry.v1)
        }
    }
}
