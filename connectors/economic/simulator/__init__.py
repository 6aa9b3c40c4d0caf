"""The parts of the e-conomic simulator. Shares nothing with the connector, so that it cannot agree with its mistakes."""
