//! Roads to and from RabbitMQ.
