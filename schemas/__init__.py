"""The contract: Avro schemas, codec, typed events, topic table, validation, errors."""
