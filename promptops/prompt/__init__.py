"""What a prompt is: pure, without input or output."""
