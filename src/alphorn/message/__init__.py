"""What a message is: structure, header fields, dates, addresses; and how to compose one. Pure."""
