# The role may list the bucket that it reads.

data "aws_iam_policy_document" "reader_assumes" {
  statement {
    sid     = "ConnectionAssumes"
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = ["accounts.google.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "accounts.google.com:sub"
      values   = [google_bigquery_connection.aws.aws[0].access_role[0].identity]
    }
  }
}

resource "aws_iam_role" "reader" {
  name               = "mesh-dev-us-east-1-reader"
  assume_role_policy = data.aws_iam_policy_document.reader_assumes.json
}

data "aws_iam_policy_document" "reader" {
  statement {
    sid       = "ListLandingBucket"
    actions   = ["s3:ListBucket"]
    resources = ["arn:aws:s3:::mesh-dev-us-east-1-labs"]
  }
}

resource "aws_iam_policy" "reader" {
  name   = "mesh-dev-us-east-1-reader"
  policy = data.aws_iam_policy_document.reader.json
}

resource "aws_iam_role_policy_attachment" "reader" {
  policy_arn = aws_iam_policy.reader.arn
  role       = aws_iam_role.reader.name
}
