"""What all REST answers share: problem documents, byte ranges. Areas bring the routes."""
