"""What a person does along the journey of a care sheet, without a face."""
