"""The same Kafka without Docker: jars through Maven, one KRaft broker, the topic table."""
