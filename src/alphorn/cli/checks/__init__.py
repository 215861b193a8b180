"""What `alphorn doctor` looks at. Each check takes facts and gives findings; it changes nothing."""
